// launch: grid=1 block=32 args=i32[32],i32[32]:out
__global__ void exchange(const int* x, int* y) {
    __shared__ int cell[32];
    const int t = threadIdx.x;
    if (t < 16) {
        cell[t] = x[t];
        __syncwarp(0x0000ffffu);
        y[t] = cell[15 - t];
    } else {
        cell[t] = x[t];
        __syncwarp(0xffff0000u);
        y[t] = cell[47 - t];
    }
}
