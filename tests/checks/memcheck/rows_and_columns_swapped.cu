// launch: grid=1 block=8,4 args=f32[4,8],f32[8,4]:out
// The transposed matrix has rows of 4, not of 8.
__global__ void transpose(const float* x, float* y) {
    const int c = threadIdx.x, r = threadIdx.y;
    y[c * 8 + r] = x[r * 8 + c];  // expect: memcheck out-of-bounds, coverage never-written
}
