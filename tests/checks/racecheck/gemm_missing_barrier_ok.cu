// launch: grid=2,2 block=16,16 args=f32[32,32],f32[32,32],f32[32,32]:out,i32:32
__global__ void gemm(const float* a, const float* b, float* c, int n) {
    __shared__ float as[16][16], bs[16][16];
    const int x = threadIdx.x, y = threadIdx.y;
    const int row = blockIdx.y * 16 + y, col = blockIdx.x * 16 + x;
    float sum = 0.0f;
    for (int k = 0; k < n; k += 16) {
        as[y][x] = a[row * n + k + x];
        bs[y][x] = b[(k + y) * n + col];
        __syncthreads();
        for (int j = 0; j < 16; ++j) {
            float p = as[y][j];
            float q = bs[j][x];
            sum += p * q;
        }
        __syncthreads();
    }
    c[row * n + col] = sum;
}
