// launch: grid=1 block=32 args=i32[32],i32[32]:out
// One half waits for the warp, the other for the block: on a card neither goes on.
__global__ void exchange(const int* x, int* y) {
    __shared__ int cell[32];
    const int t = threadIdx.x;
    if (t < 16) {
        cell[t] = x[t];
        __syncwarp();  // expect: synccheck member-mask
        y[t] = cell[15 - t];
    } else {
        cell[t] = x[t];
        __syncthreads();  // expect: synccheck divergent-barrier
        y[t] = cell[47 - t];
    }
}
