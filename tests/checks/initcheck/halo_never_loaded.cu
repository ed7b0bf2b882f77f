// launch: grid=2 block=64 args=f32[128],f32[128]:out
// The tile has a cell on either side that nobody loads.
__global__ void blur(const float* x, float* y) {
    __shared__ float tile[66];
    const int t = threadIdx.x, i = blockIdx.x * 64 + t;
    tile[t + 1] = x[i];
    __syncthreads();
    float left = tile[t];  // expect: initcheck uninitialised-shared
    float right = tile[t + 2];  // expect: initcheck uninitialised-shared
    y[i] = 0.25f * left + 0.5f * tile[t + 1] + 0.25f * right;
}
