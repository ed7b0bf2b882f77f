// launch: grid=1 block=64 args=i32[64]=0..1,i32[1]:out
__global__ void count(const int* x, int* y) {
    __shared__ int n;
    const int t = threadIdx.x;
    if (t == 0) n = 0;
    __syncthreads();
    if (x[t]) {
        atomicAdd(&n, 1);
    }
    __syncthreads();
    if (t == 0) *y = n;
}
