// launch: grid=1 block=32 args=f32[32],f32[32]:out,i32:20
// Lanes beyond n have returned, and the sum asks them.
__global__ void sums(const float* x, float* y, int n) {
    const int t = threadIdx.x;
    y[t] = 0;
    if (t >= n) return;
    float v = x[t];
#pragma unroll 1
    for (int d = 16; d; d /= 2) {
        v += __shfl_down_sync(~0u, v, d);  // expect: synccheck inactive-lane
    }
    y[t] = v;
}
