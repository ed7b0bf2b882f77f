// launch: grid=1 block=64 args=f32[8,64],f32[64]:out
// Two stages, but the prefetch goes into the one that is being read.
__global__ void pipeline(const float* x, float* y) {
    __shared__ float stage[2][64];
    const int t = threadIdx.x;
    stage[0][t] = x[t];
    __syncthreads();
    float sum = 0.0f;
#pragma unroll 1
    for (int k = 0; k < 7; ++k) {
        stage[(k + 2) & 1][t] = x[(k + 1) * 64 + t];
        sum += stage[k & 1][63 - t];  // expect: racecheck read-after-write
        __syncthreads();
    }
    y[t] = sum;
}
