// launch: grid=2 block=32 args=f32[64],f32[64]:out
// The first element has no left neighbour.
__global__ void slope(const float* x, float* y) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    float left = x[i - 1];  // expect: memcheck out-of-bounds
    y[i] = x[i] - left;
}
