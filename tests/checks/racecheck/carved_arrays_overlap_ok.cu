// launch: grid=1 block=64 shared=768 args=f32[64],f32[64]:out,i32:64
__global__ void carve(const float* x, float* y, int n) {
    extern __shared__ __align__(16) char room[];
    float* first = reinterpret_cast<float*>(room);
    float* second = reinterpret_cast<float*>(room + n * sizeof(float));
    const int t = threadIdx.x;
    first[t] = x[t];
    second[t] = 2 * x[t];
    __syncthreads();
    y[t] = first[63 - t] + second[t];
}
