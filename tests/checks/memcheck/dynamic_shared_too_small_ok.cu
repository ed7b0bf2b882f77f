// launch: grid=1 block=64 shared=256 args=f32[64],f32[64]:out
__global__ void reverse(const float* x, float* y) {
    extern __shared__ float tile[];
    tile[threadIdx.x] = x[threadIdx.x];
    __syncthreads();
    if (threadIdx.x < 60) y[threadIdx.x] = tile[59 - threadIdx.x];
    else y[threadIdx.x] = 0.0f;
}
