// launch: grid=1 block=32 args=i32[32],i32[32]:out
// Both arms wait for the whole warp, but one of them names its own half only.
__global__ void exchange(const int* x, int* y) {
    __shared__ int cell[32];
    const int t = threadIdx.x;
    if (t < 16) {
        cell[t] = x[t];
        __syncwarp(0x0000ffffu);
        y[t] = cell[15 - t];
    } else {
        cell[t] = x[t];
        __syncwarp(0xffffffffu);  // expect: synccheck member-mask
        y[t] = cell[47 - t];
    }
}
