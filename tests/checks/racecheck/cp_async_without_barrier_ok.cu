// launch: grid=1 block=64 args=f32[256],f32[64]:out
__global__ void stage(const float* x, float* y) {
    __shared__ __align__(16) float tile[256];
    const int t = threadIdx.x;
    unsigned at = static_cast<unsigned>(__cvta_generic_to_shared(&tile[4 * t]));
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(at), "l"(x + 4 * t) : "memory");
    asm volatile("cp.async.wait_all;" ::: "memory");
    __syncthreads();
    y[t] = tile[255 - 4 * t];
}
