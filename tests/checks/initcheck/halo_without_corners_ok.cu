// launch: grid=1 block=16,16 args=f32[16,16],f32[16,16]:out
__global__ void blur(const float* x, float* y) {
    __shared__ float tile[18][18];
    const int c = threadIdx.x, r = threadIdx.y;
    tile[r + 1][c + 1] = x[16 * r + c];
    if (r == 0) tile[0][c + 1] = tile[17][c + 1] = 0;
    if (c == 0) tile[r + 1][0] = tile[r + 1][17] = 0;
    if (r == 0 && c == 0) tile[0][0] = tile[0][17] = tile[17][0] = tile[17][17] = 0;
    __syncthreads();
    float s = 0;
#pragma unroll 1
    for (int i = 0; i < 9; ++i) {
        s += tile[r + i / 3][c + i % 3];
    }
    y[16 * r + c] = s / 9;
}
