// launch: grid=1 block=32 args=f32[32],f32[32]:out
// The upper half is asked for its values, and takes no part.
__global__ void fold(const float* x, float* y) {
    const int t = threadIdx.x;
    float v = x[t];
    if (t < 16) {
        v += __shfl_down_sync(0x0000ffffu, v, 16);  // expect: synccheck inactive-lane
        v += __shfl_sync(0x0000ffffu, v, t + 16);  // expect: synccheck inactive-lane
    }
    y[t] = v;
}
