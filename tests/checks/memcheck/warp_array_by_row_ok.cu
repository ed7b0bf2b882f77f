// launch: grid=1 block=128 args=f32[16,32],f32[16]:out
__global__ void row_max(const float* x, float* y) {
    __shared__ float best[16];
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    for (int row = warp; row < 16; row += 4) {
        float m = x[row * 32 + lane];
        for (int d = 16; d; d >>= 1) m = fmaxf(m, __shfl_xor_sync(~0u, m, d));
        if (lane == 0) {
            best[row] = m;
            y[row] = m;
        }
    }
    __syncthreads();
    if (threadIdx.x == 0) y[0] = best[0];
}
