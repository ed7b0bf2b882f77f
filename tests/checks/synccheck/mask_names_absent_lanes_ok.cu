// launch: grid=1 block=32 args=f32[32],f32[32]:out
__global__ void lower_sum(const float* x, float* y) {
    const int t = threadIdx.x;
    float v = x[t];
    if (t < 16) {
        for (int d = 8; d; d >>= 1) v += __shfl_xor_sync(0x0000ffffu, v, d);
    } else {
        v = -v * v;
    }
    y[t] = v;
}
