// launch: grid=1 block=32 args=f32[32],f32[32]:out
// Half of the warp comes to the barrier.
__global__ void half_of_it(const float* x, float* y) {
    __shared__ float tile[32];
    const int t = threadIdx.x;
    tile[t] = x[t];
    if (t < 16) {
        __syncthreads();  // expect: synccheck divergent-barrier
        tile[t] = -tile[t];
    }
    __syncwarp();
    y[t] = tile[31 - t];
}
