// launch: grid=1 block=32 args=i32[32],i32[32]:out
// Lanes that have returned are not waited for, even if they return while others wait.
__global__ void half_returns(const int* x, int* y) {
    __shared__ int cell[32];
    const int t = threadIdx.x;
    if (t < 16) {
        cell[t] = x[t];
        __syncwarp();
        y[t] = cell[15 - t];
        return;
    }
    y[t] = x[t];
    if (x[t] < 1 << 30) return;
    y[t] = __popc(x[t]);
    __syncwarp();
    y[t - 16] = 0;
}
