// launch: grid=1 block=64 args=i32[64]=0..9,i32[64]:out
__global__ void compact(const int* x, int* y) {
    __shared__ int queue[64], n;
    const int t = threadIdx.x;
    queue[t] = 0;
    if (t == 0) n = 0;
    __syncthreads();
    queue[atomicAdd(&n, 1)] = x[t];
    __syncthreads();
    int s = 0;
#pragma unroll 1
    for (int i = 0; i < 64; ++i) {
        s += queue[i];
    }
    y[t] = s;
}
