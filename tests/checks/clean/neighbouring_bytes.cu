// launch: grid=1 block=128 args=i8[128],i8[128]:out
// Threads write bytes side by side in one word: no race.
__global__ void bytes(const signed char* x, signed char* y) {
    __shared__ signed char tile[128];
    const int t = threadIdx.x;
    const int at = (t & 3) * 32 + t / 4;
    tile[at ^ 1] = x[t];
    __syncthreads();
    y[at] = tile[at];
}
