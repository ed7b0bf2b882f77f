// launch: grid=1 block=64 args=i32[64],i32[64]:out
__global__ void scan(const int* x, int* y) {
    __shared__ int v[64];
    const int t = threadIdx.x;
    v[t] = x[t];
    __syncthreads();
#pragma unroll 1
    for (int d = 1; d < 64; d *= 2) {
        int add = 0;
        if (t >= d) {
            add = v[t - d];
        }
        __syncthreads();
        v[t] += add;
        __syncthreads();
    }
    y[t] = v[t];
}
