// launch: grid=1 block=32 args=i32[32],i32[32]:out,i32:5
// One half of a warp fills a cell, the other empties it; each loops by itself.
__global__ void hand_over(const int* x, int* y, int n) {
    __shared__ int cell[16];
    const int t = threadIdx.x;
    int s = 0;
    if (t < 16) {
#pragma unroll 1
        for (int i = 0; i < n; ++i) {
            cell[t] = x[t] + i;
            __syncwarp();
            __syncwarp();
        }
    } else {
#pragma unroll 1
        for (int i = 0; i < n; ++i) {
            __syncwarp();
            s += cell[t - 16];
            __syncwarp();
        }
    }
    y[t] = s;
}
