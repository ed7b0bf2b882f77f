// launch: grid=1 block=32 args=f16[16,64],i32[32,4]:out
// Pieces of eight halves change places by their row's number, so that eight rows lie in all banks.
#include <cuda_fp16.h>
__global__ void swizzled(const half* x, int* y) {
    __shared__ __align__(128) half tile[16 * 64];
    const int t = threadIdx.x;
    for (int i = t; i < 128; i += 32) {
        const int row = i / 8, piece = i % 8;
        *reinterpret_cast<int4*>(tile + row * 64 + (piece ^ row % 8) * 8) = reinterpret_cast<const int4*>(x)[i];
    }
    __syncwarp();
    const int row = t % 16, piece = 2 + t / 16;
    const unsigned at = __cvta_generic_to_shared(tile + row * 64 + (piece ^ row % 8) * 8);
    unsigned r[4];
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(at));
    for (int i = 0; i < 4; ++i) y[4 * t + i] = r[i];
}
