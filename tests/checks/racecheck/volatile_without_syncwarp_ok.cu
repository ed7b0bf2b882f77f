// launch: grid=1 block=32 args=f32[32],f32[1]:out
__global__ void warp_sum(const float* x, float* y) {
    __shared__ volatile float part[32];
    const int t = threadIdx.x;
    part[t] = x[t];
    __syncwarp();
    float next = t < 16 ? part[t + 16] : 0.0f;
    __syncwarp();
    part[t] = part[t] + next;
    __syncwarp();
    float far = t < 8 ? part[t + 8] : 0.0f;
    __syncwarp();
    if (t == 0) y[0] = far + part[0];
}
