// launch: grid=1 block=64 args=i32[64],i32[64]:out
__global__ void rounds(const int* x, int* y) {
    __shared__ int cell[64];
    const int t = threadIdx.x;
    cell[t] = x[t];
    __syncwarp();
    const int first = cell[t ^ 16];
    __syncwarp();
    cell[t] = first + 1;
    __syncwarp();
    y[t] = cell[t ^ 16];
}
