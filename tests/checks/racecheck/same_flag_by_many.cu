// launch: grid=1 block=64 args=f32[64],i32[1]:out
// Many threads write the same value: right on every card, and said as a warning.
__global__ void any_negative(const float* x, int* y) {
    __shared__ int flag;
    if (threadIdx.x == 0) flag = 0;
    __syncthreads();
    if (x[threadIdx.x] < 0.0f) flag = 1;  // expect: racecheck same-value-write warning
    __syncthreads();
    if (threadIdx.x == 0) y[0] = flag;
}
