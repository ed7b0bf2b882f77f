// What the kernels on sm_90a share: tiles of 64 halves a row under the swizzle of 128 bytes, and one product, 64 x 8 x 16.
#pragma once
#include <cuda_fp16.h>
#include <cstdint>

using half_t = __half;

__device__ __forceinline__ int swizzled(int row, int column) {
    return row * 64 + (column / 8 ^ row % 8) * 8 + column % 8;
}

__device__ __forceinline__ uint64_t described(const half_t* tile) {
    const uint32_t at = static_cast<uint32_t>(__cvta_generic_to_shared(tile));
    return (at & 0x3FFFF) >> 4 | uint64_t{1} << 16 | uint64_t{1024 >> 4} << 32 | uint64_t{1} << 62;
}

__device__ __forceinline__ void fence_registers() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ __forceinline__ void fence_proxy() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }
__device__ __forceinline__ void commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }

template <int N>
__device__ __forceinline__ void wait(float (&d)[4]) {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(N) : "memory");
    for (float& x : d) asm volatile("" : "+f"(x)::"memory");
}

// A macro, so that a finding names the kernel's line.
#define PRODUCT(d, a, b) PRODUCT_ADDS(d, a, b, 1)
#define PRODUCT_ADDS(d, a, b, adds)                                                                      \
    asm volatile(                                                                                        \
        "wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {%0, %1, %2, %3}, %4, %5, " #adds ", 1, 1, 0, 0;" \
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])                                                 \
        : "l"(described(a)), "l"(described(b)))

// Rows of 64 floats as halves into a tile.
__device__ __forceinline__ void fill(half_t* tile, const float* from, int rows) {
    for (int i = threadIdx.x; i < rows * 64; i += blockDim.x) tile[swizzled(i / 64, i % 64)] = __float2half(from[i]);
}

__device__ __forceinline__ void put(float* to, const float (&d)[4]) {
    for (int i = 0; i < 4; ++i) to[threadIdx.x * 4 + i] = d[i];
}
