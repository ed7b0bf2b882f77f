// launch: grid=1 block=32 args=f16[32,64],f16[32,64]:out
// 16 bytes at a time into rows of 65 halves: every row but each eighth begins off the 16 bytes.
#include <cuda_fp16.h>
constexpr int PITCH = 65;
__global__ void stage(const __half* x, __half* y) {
    __shared__ __align__(16) __half tile[32 * PITCH];
    const int row = threadIdx.x;
    for (int c = 0; c < 64; c += 8) {
        unsigned at = static_cast<unsigned>(__cvta_generic_to_shared(&tile[row * PITCH + c]));
        asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(at), "l"(x + row * 64 + c) : "memory");  // expect: memcheck misaligned
    }
    asm volatile("cp.async.commit_group;" ::: "memory");
    asm volatile("cp.async.wait_group 0;" ::: "memory");
    __syncthreads();
    const int from = row & 24;  // only the rows that arrive
    for (int c = 0; c < 64; ++c) y[row * 64 + c] = tile[from * PITCH + c];
}
