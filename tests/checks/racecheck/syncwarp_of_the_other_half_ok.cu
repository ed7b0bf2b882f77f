// launch: grid=1 block=32 args=i32[16],i32[32]:out
__global__ void spread(const int* x, int* y) {
    __shared__ int cell[16];
    const int t = threadIdx.x;
    if (t < 16) {
        cell[t] = x[t] * 2;
        __syncwarp(0x0000ffffu);
        y[t] = cell[15 - t];
    }
    __syncwarp();
    if (t >= 16) {
        y[t] = cell[31 - t];
    }
}
