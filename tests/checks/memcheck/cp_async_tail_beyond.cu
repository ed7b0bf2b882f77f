// launch: grid=1 block=64 args=f32[101],f32[256]:out,i32:101
// The size of the source is rounded up: the last chunk that holds anything reads eight bytes beyond the end.
__global__ void stage(const float* x, float* y, int n) {
    __shared__ __align__(16) float tile[256];
    const int t = threadIdx.x;
    unsigned at = static_cast<unsigned>(__cvta_generic_to_shared(&tile[4 * t]));
    const int left = 4 * t < n ? 12 : 0;
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(at), "l"(x + 4 * t), "r"(left) : "memory");  // expect: memcheck out-of-bounds
    asm volatile("cp.async.wait_all;" ::: "memory");
    __syncthreads();
    for (int i = t; i < 256; i += 64)
        y[i] = tile[i];
}
