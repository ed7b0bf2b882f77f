// launch: grid=1 block=32 args=i32[32]=1..3,i32[32]:out
// Each call has an array of its own, and fills half of it.
__device__ __noinline__ int deep(int n, int v) {
    int part[4];
#pragma unroll 1
    for (int i = 0; i < 2; ++i) part[i] = v + i;
    const int below = n > 0 ? deep(n - 1, part[v & 1]) : 0;
    return below + part[v & 3];  // expect: initcheck uninitialised-local
}
__global__ void calls(const int* x, int* y) { y[threadIdx.x] = deep(3, x[threadIdx.x]); }
