// launch: grid=2,2 block=32,8 args=f32[64,64],f32[64,64]:out
__global__ void transpose(const float* x, float* y) {
    __shared__ float tile[32][33];
    const int tx = threadIdx.x, ty = threadIdx.y;
    for (int j = ty; j < 32; j += 8) tile[j][tx] = x[(blockIdx.y * 32 + j) * 64 + blockIdx.x * 32 + tx];
    __syncthreads();
    for (int j = ty; j < 32; j += 8)
        y[(blockIdx.x * 32 + j) * 64 + blockIdx.y * 32 + tx] = tile[tx][j];
}
