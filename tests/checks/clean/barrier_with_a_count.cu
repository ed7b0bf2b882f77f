// launch: grid=2 block=96 args=f32[192],i32[2]:out
// Barriers that also count, in warps that come to them by way of different branches.
__global__ void positive(const float* x, int* y) {
    const float v = x[blockIdx.x * 96 + threadIdx.x];
    int n;
    if (threadIdx.x < 32) n = __syncthreads_count(v > 0.0f);
    else n = __syncthreads_count(v > 0.0f);
    if (threadIdx.x == 0) y[blockIdx.x] = n;
}
