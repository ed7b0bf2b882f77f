// launch: grid=1 block=64 shared=240 args=f32[64],f32[64]:out
// The host asked for 60 floats.
__global__ void reverse(const float* x, float* y) {
    extern __shared__ float tile[];
    tile[threadIdx.x] = x[threadIdx.x];  // expect: memcheck out-of-bounds
    __syncthreads();
    if (threadIdx.x < 60) y[threadIdx.x] = tile[59 - threadIdx.x];
    else y[threadIdx.x] = 0.0f;
}
