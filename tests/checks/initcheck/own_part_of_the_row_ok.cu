// launch: grid=1 block=32 args=f32[32],f32[32],f32[32]:out,i32:32
__global__ void dot(const float* q, const float* k, float* y, int dim) {
    float row[32];
    const int lane = threadIdx.x;
#pragma unroll 1
    for (int d = 0; d < dim; ++d) row[d] = q[d];
    float sum = 0.0f;
#pragma unroll 1
    for (int d = 0; d < dim; ++d)
        sum += row[d] * k[d];
    y[lane] = sum;
}
