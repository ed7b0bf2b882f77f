// launch: grid=1 block=128 args=f32[32],f32[32,128],f32[128]:out
__global__ void weigh(const float* q, const float* v, float* o) {
    __shared__ float scores[32];
    if (threadIdx.x < 32) scores[threadIdx.x] = __expf(q[threadIdx.x]);
    __syncthreads();
    float sum = 0.0f;
    for (int j = 0; j < 32; ++j) {
        float p = scores[j];
        sum += p * v[j * 128 + threadIdx.x];
    }
    o[threadIdx.x] = sum;
}
