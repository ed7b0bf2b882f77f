// launch: grid=4 block=32 args=f32[100],f32[100]:out,i32:100
// Threads leave first; those that stay name just themselves.
__global__ void strongest(const float* x, float* y, int n) {
    const int i = blockIdx.x * 32 + threadIdx.x;
    const unsigned here = __ballot_sync(~0u, i < n);
    if (i >= n) return;
    float v = x[i];
    for (int d = 16; d; d >>= 1) {
        const int from = threadIdx.x ^ d;
        const float other = __shfl_sync(here, v, (here >> from & 1) ? from : threadIdx.x);
        v = fmaxf(v, other);
    }
    y[i] = v;
}
