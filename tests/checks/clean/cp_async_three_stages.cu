// launch: grid=2 block=64 args=f32[2,10,256],f32[2,64]:out
// Three stages, two of them under way while one is read.
constexpr int STAGES = 3, TILES = 10;
__device__ void copy(float* to, const float* from) {
    unsigned at = static_cast<unsigned>(__cvta_generic_to_shared(to));
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(at), "l"(from) : "memory");
}
__global__ void pipeline(const float* x, float* y) {
    __shared__ __align__(16) float stage[STAGES][256];
    const int t = threadIdx.x;
    x += blockIdx.x * TILES * 256;
    for (int k = 0; k < STAGES - 1; ++k) {
        copy(&stage[k][4 * t], x + k * 256 + 4 * t);
        asm volatile("cp.async.commit_group;" ::: "memory");
    }
    float sum = 0.0f;
    for (int k = 0; k < TILES; ++k) {
        asm volatile("cp.async.wait_group %0;" ::"n"(STAGES - 2) : "memory");
        __syncthreads();
        const int ahead = k + STAGES - 1;
        if (ahead < TILES) copy(&stage[ahead % STAGES][4 * t], x + ahead * 256 + 4 * t);
        asm volatile("cp.async.commit_group;" ::: "memory");
        for (int j = 0; j < 4; ++j) sum += stage[k % STAGES][(4 * t + 64 * j + j) & 255];
    }
    y[blockIdx.x * 64 + t] = sum;
}
