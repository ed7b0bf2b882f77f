// launch: grid=1 block=64 args=i32[64],i32[64]:out,i32:3
// One lane of each warp fills a slot while the others wait for it in their own loop.
__global__ void feed(const int* x, int* y, int n) {
    __shared__ int slot[2];
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    int sum = 0;
    if (lane == 0) {
#pragma unroll 1
        for (int i = 0; i < n; ++i) {
            slot[warp] = x[32 * warp + i];
            __syncwarp();
            __syncwarp();
        }
    } else {
#pragma unroll 1
        for (int i = 0; i < n; ++i) {
            __syncwarp();
            sum += slot[warp] * lane;
            __syncwarp();
        }
    }
    __syncthreads();
    y[threadIdx.x] = sum;
}
