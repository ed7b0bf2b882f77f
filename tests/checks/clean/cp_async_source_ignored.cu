// launch: grid=1 block=64 args=f32[100],f32[64]:out,i32:100
// Where the source is to be ignored its address may be anything.
__global__ void stage(const float* x, float* y, int n) {
    __shared__ __align__(16) float tile[256];
    const int t = threadIdx.x;
    unsigned at = static_cast<unsigned>(__cvta_generic_to_shared(&tile[4 * t]));
    asm volatile("{ .reg .pred p; setp.ge.s32 p, %2, %3; cp.async.cg.shared.global [%0], [%1], 16, p; }"
                 ::"r"(at), "l"(x + 4 * t), "r"(4 * t), "r"(n) : "memory");
    asm volatile("cp.async.wait_all;" ::: "memory");
    __syncthreads();
    y[t] = tile[255 - 4 * t] + tile[4 * t];
}
