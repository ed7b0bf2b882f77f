// launch: grid=1 block=8,4 args=f32[4,8],f32[8,4]:out
__global__ void transpose(const float* x, float* y) {
    const int c = threadIdx.x, r = threadIdx.y;
    y[c * 4 + r] = x[r * 8 + c];
}
