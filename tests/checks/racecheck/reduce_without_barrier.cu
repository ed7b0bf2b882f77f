// launch: grid=2 block=128 args=f32[256],f32[2]:out
// The first warp adds the warps' sums before they are there.
__global__ void block_sum(const float* x, float* y) {
    __shared__ float partial[4];
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    float sum = x[blockIdx.x * 128 + threadIdx.x];
    for (int d = 16; d; d >>= 1) sum += __shfl_xor_sync(~0u, sum, d);
    if (lane == 0) partial[warp] = sum;  // or: racecheck write-after-read
    if (warp == 0) {
        float total = lane < 4 ? partial[lane] : 0.0f;  // expect: racecheck read-after-write
        for (int d = 2; d; d >>= 1) total += __shfl_xor_sync(~0u, total, d);
        if (lane == 0) y[blockIdx.x] = total;
    }
}
