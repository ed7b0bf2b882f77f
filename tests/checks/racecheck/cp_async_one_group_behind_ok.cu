// launch: grid=1 block=64 args=f32[8,256],f32[64]:out
__device__ void copy(float* to, const float* from) {
    unsigned at = static_cast<unsigned>(__cvta_generic_to_shared(to));
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(at), "l"(from) : "memory");
    asm volatile("cp.async.commit_group;" ::: "memory");
}
__global__ void pipeline(const float* x, float* y) {
    __shared__ __align__(16) float stage[2][256];
    const int t = threadIdx.x;
    copy(&stage[0][4 * t], x + 4 * t);
    float sum = 0.0f;
#pragma unroll 1
    for (int k = 0; k < 8; ++k) {
        asm volatile("cp.async.wait_group 0;" ::: "memory");
        __syncthreads();
        sum += stage[k & 1][4 * t + 1];
        __syncthreads();
        if (k < 7) copy(&stage[(k + 1) & 1][4 * t], x + (k + 1) * 256 + 4 * t);
    }
    y[t] = sum;
}
