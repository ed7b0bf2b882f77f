// launch: grid=1 block=64 args=f32[64],f32[64]:out
__global__ void swap_pairs(const float* x, float* y) {
    __shared__ float tile[64];
    const int t = threadIdx.x;
    tile[t] = x[t];
    __syncwarp();
    y[t] = tile[t ^ 1];
}
