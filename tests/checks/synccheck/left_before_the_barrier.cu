// launch: grid=2 block=64 args=f32[100],f32[100]:out,i32:100
// The guard sends threads away from a barrier that waits for all of the block.
__global__ void neighbours(const float* x, float* y, int n) {
    __shared__ float tile[64];
    const int t = threadIdx.x, i = blockIdx.x * 64 + t;
    if (i >= n) return;
    tile[t] = x[i];
    __syncthreads();  // expect: synccheck exited-at-barrier warning
    y[i] = tile[t] + (t > 0 ? tile[t - 1] : 0.0f);
}
