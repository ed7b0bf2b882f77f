// launch: grid=1 block=128 args=f32[128],f32[128]:out
// Each warp puts its own maximum into the one shared scalar: the last wins.
__global__ void normalize(const float* x, float* y) {
    __shared__ float best;
    float m = x[threadIdx.x];
    for (int d = 16; d; d >>= 1) m = fmaxf(m, __shfl_xor_sync(~0u, m, d));
    if (threadIdx.x % 32 == 0) best = m;  // expect: racecheck write-after-write
    __syncthreads();
    y[threadIdx.x] = x[threadIdx.x] - best;
}
