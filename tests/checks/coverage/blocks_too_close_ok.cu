// launch: grid=4 block=32 args=f32[128],f32[128]:out
__global__ void scale(const float* x, float* y) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    y[i] = 2 * x[i];
}
