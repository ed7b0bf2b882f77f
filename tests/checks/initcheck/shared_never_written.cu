// launch: grid=1 block=64 args=f32[64],f32[64]:out
// The first half of the block fills its half of the tile; all of it is read.
__global__ void mirror(const float* x, float* y) {
    __shared__ float tile[64];
    const int t = threadIdx.x;
    if (t < 32) tile[t] = x[t];
    __syncthreads();
    y[t] = tile[63 - t];  // expect: initcheck uninitialised-shared
}
