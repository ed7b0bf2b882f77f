// launch: grid=2 block=64 args=f32[128],f32[4]:out
// No block-wide barrier: each warp keeps to its own part and orders its lanes with __syncwarp.
__global__ void warp_sums(const float* x, float* y) {
    __shared__ volatile float part[64];
    const int t = threadIdx.x, lane = t % 32;
    part[t] = x[blockIdx.x * 64 + t];
    __syncwarp();
    for (int d = 16; d; d >>= 1) {
        if (lane < d) part[t] = part[t] + part[t + d];
        __syncwarp();
    }
    if (lane == 0) y[blockIdx.x * 2 + t / 32] = part[t];
}
