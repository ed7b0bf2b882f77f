// launch: grid=1 block=32 args=f32[32,4],f32[32,4]:out,i32:4
__global__ void accumulate(const float* x, float* y, int rows) {
    float acc[4];
#pragma unroll 1
    for (int r = 0; r < rows; ++r) acc[r] = 0.0f;
#pragma unroll 1
    for (int r = 0; r < rows; ++r) acc[r] += x[threadIdx.x * 4 + r];
#pragma unroll 1
    for (int r = 0; r < rows; ++r) y[threadIdx.x * 4 + r] = acc[r];
}
