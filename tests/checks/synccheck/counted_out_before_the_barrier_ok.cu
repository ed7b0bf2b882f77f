// launch: grid=2 block=64 args=f32[100],f32[100]:out,i32[1]=zeros,i32:100
// They do it and stay.
__global__ void neighbours(const float* x, float* y, int* left, int n) {
    __shared__ float tile[64];
    const int t = threadIdx.x, i = blockIdx.x * 64 + t;
    if (i >= n) {
        atomicAdd(left, 1);
    }
    if (i < n) tile[t] = x[i];
    __syncthreads();
    if (i < n) y[i] = tile[t] + (t > 0 ? tile[t - 1] : 0.0f);
}
