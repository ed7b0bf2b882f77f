// launch: grid=1 block=32 args=f32[32],f32[32],f32[32]:out,i32:32
// Each lane loads its own element of the row into an array of its own, and then reads all of the array.
__global__ void dot(const float* q, const float* k, float* y, int dim) {
    float row[32];
    const int lane = threadIdx.x;
#pragma unroll 1
    for (int d = lane; d < dim; d += 32) row[d] = q[d];
    float sum = 0.0f;
#pragma unroll 1
    for (int d = 0; d < dim; ++d)
        sum += row[d] * k[d];  // expect: initcheck uninitialised-local
    y[lane] = sum;
}
