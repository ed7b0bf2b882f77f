// launch: grid=1 block=128 args=f32[32],f32[32,128],f32[128]:out
// Warp 0 makes the scores that all warps use; in the forward order it happens to be first.
__global__ void weigh(const float* q, const float* v, float* o) {
    __shared__ float scores[32];
    if (threadIdx.x < 32) scores[threadIdx.x] = __expf(q[threadIdx.x]);
    float sum = 0.0f;
    for (int j = 0; j < 32; ++j) {
        float p = scores[j];  // expect: racecheck read-after-write
        sum += p * v[j * 128 + threadIdx.x];
    }
    o[threadIdx.x] = sum;
}
