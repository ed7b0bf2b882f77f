// launch: grid=1 block=32 args=f16[8,8],i32[32]:out
// Rows are told apart by an exclusive or with their number in halves, where it must be in pieces of eight.
#include <cuda_fp16.h>
__global__ void rows(const half* x, int* y) {
    __shared__ __align__(128) half tile[8 * 64];
    const int t = threadIdx.x;
    constexpr int piece = 4;
    for (int i = t; i < 512; i += 32) tile[i] = __float2half(0.0f);
    __syncwarp();
    for (int i = t; i < 64; i += 32) tile[i / 8 * 64 + ((i / 8) * piece ^ i % 8)] = x[i];
    __syncwarp();
    const int row = t % 8;
    const unsigned at = __cvta_generic_to_shared(tile + row * 64 + row * piece);
    unsigned r;
    asm volatile("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%0}, [%1];" : "=r"(r) : "r"(at));  // expect: memcheck misaligned
    y[t] = r;
}
