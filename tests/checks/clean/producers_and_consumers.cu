// launch: grid=1 block=64 args=f32[4,32],f32[32]:out
// Named barriers: one warp fills, the other takes; neither ever waits for the whole block.
__global__ void hand_over(const float* x, float* y) {
    __shared__ float slot[32];
    const int t = threadIdx.x % 32;
    if (threadIdx.x < 32) {
        for (int k = 0; k < 4; ++k) {
            if (k > 0) asm volatile("bar.sync 2, 64;" ::: "memory");
            slot[31 - t] = x[k * 32 + t];
            asm volatile("bar.arrive 1, 64;" ::: "memory");
        }
    } else {
        float sum = 0.0f;
        for (int k = 0; k < 4; ++k) {
            asm volatile("bar.sync 1, 64;" ::: "memory");
            sum += slot[t];
            if (k < 3) asm volatile("bar.arrive 2, 64;" ::: "memory");
        }
        y[t] = sum;
    }
}
