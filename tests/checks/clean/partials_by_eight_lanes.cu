// launch: grid=2 block=256 args=f32[512],f32[2]:out
// Lanes 4 to 7 read from absent ones; what they get is undefined, and never used.
__global__ void sum(const float* x, float* y) {
    __shared__ float part[8];
    const int t = threadIdx.x, lane = t & 31;
    float v = x[blockIdx.x * 256 + t];
    for (int d = 16; d; d >>= 1) v += __shfl_down_sync(0xffffffffu, v, d);
    if (lane == 0) part[t >> 5] = v;
    __syncthreads();
    if (t < 8) {
        v = part[t];
        for (int d = 4; d; d >>= 1) v += __shfl_down_sync(0xffu, v, d);
        if (t == 0) y[blockIdx.x] = v;
    }
}
