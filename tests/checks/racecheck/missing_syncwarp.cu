// launch: grid=1 block=64 args=f32[64],f32[64]:out
// Lanes of one warp are not in step: what a neighbour wrote is there after __syncwarp only.
__global__ void swap_pairs(const float* x, float* y) {
    __shared__ float tile[64];
    const int t = threadIdx.x;
    tile[t] = x[t];
    y[t] = tile[t ^ 1];  // expect: racecheck read-after-write
}
