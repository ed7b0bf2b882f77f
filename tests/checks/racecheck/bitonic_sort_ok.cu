// launch: grid=1 block=64 args=i32[64],i32[64]:out
__global__ void sort(const int* x, int* y) {
    __shared__ int v[64];
    const int t = threadIdx.x;
    v[t] = x[t];
    __syncthreads();
    for (int size = 2; size <= 64; size *= 2) {
        for (int d = size / 2; d > 0; d /= 2) {
            const int other = t ^ d;
            const int a = v[t];
            const int b = v[other];
            __syncthreads();
            v[t] = ((t & size) == 0) == (t < other) ? min(a, b) : max(a, b);
            __syncthreads();
        }
    }
    __syncthreads();
    y[t] = v[t];
}
