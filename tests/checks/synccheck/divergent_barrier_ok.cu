// launch: grid=1 block=32 args=f32[32],f32[32]:out
__global__ void half_of_it(const float* x, float* y) {
    __shared__ float tile[32];
    const int t = threadIdx.x;
    tile[t] = x[t];
    __syncthreads();
    if (t < 16) tile[t] = -tile[t];
    __syncwarp();
    y[t] = tile[31 - t];
}
