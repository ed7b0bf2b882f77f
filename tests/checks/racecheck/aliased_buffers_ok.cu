// launch: grid=1 block=64 shared=256 args=f32[64],f32[64],f32[64]:out
__global__ void phases(const float* x, const float* z, float* y) {
    extern __shared__ float memory[];
    float* first = memory;
    float* second = memory;
    const int t = threadIdx.x;
    first[t] = x[t];
    __syncthreads();
    float a = first[63 - t];
    __syncthreads();
    second[t] = z[t];
    __syncthreads();
    y[t] = a + second[63 - t];
}
