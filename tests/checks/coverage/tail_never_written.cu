// launch: grid=3 block=32 args=f32[100],f32[100]:out,i32:100
// The grid was rounded down.
__global__ void negate(const float* x, float* y, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = -x[i];  // expect: coverage never-written
}
