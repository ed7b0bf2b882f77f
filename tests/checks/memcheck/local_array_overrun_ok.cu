// launch: grid=1 block=32 args=f32[32,8],f32[32]:out,i32:8
__global__ void pick(const float* x, float* y, int n) {
    float row[8];
    for (int c = 0; c < 8; ++c) row[(c + n) & 7] = x[threadIdx.x * 8 + c];
    float sum = 0.0f;
#pragma unroll 1
    for (int c = 0; c < n; ++c) sum += row[c];
    y[threadIdx.x] = sum;
}
