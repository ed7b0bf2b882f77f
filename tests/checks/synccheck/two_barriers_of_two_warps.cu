// launch: grid=1 block=64 args=f32[64],f32[64]:out
// One warp waits at one barrier, the other at another: each for the other, for ever.
__global__ void handshake(const float* x, float* y) {
    const int t = threadIdx.x;
    if (t < 32) {
        asm volatile("bar.sync 1, 64;" ::: "memory");  // expect: synccheck deadlock
        asm volatile("bar.sync 2, 64;" ::: "memory");
    } else {
        asm volatile("bar.sync 2, 64;" ::: "memory");  // or: synccheck deadlock
        asm volatile("bar.sync 1, 64;" ::: "memory");
    }
    y[t] = x[t];
}
