// launch: grid=1 block=32 args=i32[32],i32[32]:out
// The other arm, whose lanes are named as well, has no barrier.
__global__ void exchange(const int* x, int* y) {
    __shared__ int cell[32];
    const int t = threadIdx.x;
    if (t < 16) {
        cell[t] = x[t];
        __syncwarp();  // expect: synccheck member-mask
        y[t] = cell[15 - t];
    } else {
        y[t] = x[t] + 1;
    }
}
