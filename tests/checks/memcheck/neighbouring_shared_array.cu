// launch: grid=1 block=32 args=f32[32],f32[32]:out
// Runs from one shared array into the other: inside the block's shared memory all the same.
__global__ void both(const float* x, float* y) {
    __shared__ float keys[32];
    __shared__ float values[48];
    int t = threadIdx.x;
    keys[t] = x[t];
    values[t] = 2.0f * x[t];
    if (t < 16) values[32 + t] = 0.0f;
    __syncthreads();
    float last = values[t + 17];  // expect: memcheck out-of-bounds
    y[t] = keys[31 - t] + last;
}
