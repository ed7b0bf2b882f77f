// launch: grid=1 block=64 args=f32[64],i32[1]:out
__global__ void any_negative(const float* x, int* y) {
    int flag = __syncthreads_or(x[threadIdx.x] < 0.0f);
    if (threadIdx.x == 0) y[0] = flag;
}
