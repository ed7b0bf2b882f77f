// launch: grid=4 block=32 args=f32[128],f32[128]:out
// Blocks begin 16 elements apart, and the last quarters are nobody's.
__global__ void scale(const float* x, float* y) {
    const int i = blockIdx.x * (blockDim.x / 2) + threadIdx.x;
    y[i] = 2 * x[i];  // expect: coverage never-written
}
