// launch: grid=1 block=64 args=i32[64],i32[64]:out
// Each half of a warp reads what the other wrote, and writes again after meeting its own lanes alone.
__global__ void rounds(const int* x, int* y) {
    __shared__ int cell[64];
    const int t = threadIdx.x;
    const unsigned half = t & 16 ? 0xffff0000u : 0x0000ffffu;
    cell[t] = x[t];
    __syncwarp();
    const int first = cell[t ^ 16];
    __syncwarp(half);
    cell[t] = first + 1;  // expect: racecheck write-after-read
    __syncwarp();
    y[t] = cell[t ^ 16];
}
