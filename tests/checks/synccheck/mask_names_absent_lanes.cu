// launch: grid=1 block=32 args=f32[32],f32[32]:out
// All lanes are named, and half of them are in the other branch.
__global__ void lower_sum(const float* x, float* y) {
    const int t = threadIdx.x;
    float v = x[t];
    if (t < 16) {
        for (int d = 8; d; d >>= 1) v += __shfl_xor_sync(~0u, v, d);  // expect: synccheck member-mask
    } else {
        v = -v * v;
    }
    y[t] = v;
}
