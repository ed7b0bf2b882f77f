// launch: grid=2 block=128 args=f32[16,32],f32[16,32]:out
__global__ void scale_rows(const float* x, float* y) {
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    for (int row = blockIdx.x * 8 + warp; row < blockIdx.x * 8 + 8; row += 4)
        y[row * 32 + lane] = 2.0f * x[row * 32 + lane];
}
