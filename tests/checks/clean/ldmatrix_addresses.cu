// launch: grid=1 block=32 args=f16[8,8],i32[32]:out
// A matrix of eight rows takes the addresses of eight lanes; those of the others mean nothing.
__global__ void fragment(const int* x, int* y) {
    __shared__ __align__(16) int tile[32];
    const int t = threadIdx.x;
    tile[t] = x[t];
    __syncwarp();
    unsigned at = static_cast<unsigned>(__cvta_generic_to_shared(tile)) + (t < 8 ? 16 * t : 7 + 4096 * t);
    int held;
    asm volatile("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%0}, [%1];" : "=r"(held) : "r"(at) : "memory");
    y[t] = held;
}
