// launch: grid=2 block=128 args=f32[16,32],f32[16,32]:out
// Eight rows for each block, and each of its four warps writes one.
__global__ void scale_rows(const float* x, float* y) {
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const int row = blockIdx.x * 8 + warp;
    y[row * 32 + lane] = 2.0f * x[row * 32 + lane];  // expect: coverage never-written
}
