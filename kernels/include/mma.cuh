// Tensor cores and asynchronous copies as device functions: thin names for PTX instructions (from sm_80 on).
// Fragment layouts: PTX ISA, "Matrix Fragments for mma.m16n8k16 with floating point type"; a lane's place
// in a fragment is its quad g = lane / 4 and its place in the quad t = lane % 4.

#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

__device__ inline unsigned shared_address(const void* p)
{
    return static_cast<unsigned>(__cvta_generic_to_shared(p));
}

// The first `bytes` of 16 from global to shared memory past the registers, zeros for the rest, of which the
// source is not read. Both addresses are multiples of 16. The bytes are there after wait<>() and a barrier.
__device__ inline void copy_part(void* to, const void* from, int bytes)
{
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)), "l"(from), "r"(bytes)
                 : "memory");
}

// All 16, or 16 zeros.
__device__ inline void copy_16(void* to, const void* from, bool wanted) { copy_part(to, from, wanted ? 16 : 0); }

__device__ inline void commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }

// Until all but the newest N groups of this thread have arrived.
template <int N>
__device__ inline void wait()
{
    asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
}

// Four 8 x 8 matrices of 16-bit numbers; lanes 8 i to 8 i + 7 give the addresses of the rows of matrix i. Lane (g, t)
// receives elements (g, 2 t) and (g, 2 t + 1) of each: what mma wants of A row by row, of B column by column.
__device__ inline void load_matrices(unsigned (&r)[4], const void* row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(shared_address(row)) : "memory");
}

// The same, each matrix transposed on the way: for a B that lies row by row.
__device__ inline void load_transposed(unsigned (&r)[4], const void* row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(shared_address(row)) : "memory");
}

// c += a b: (16, 16) x (16, 8) of T, __half or __nv_bfloat16, summed in float32. Lane (g, t) holds c at (g, 2 t),
// (g, 2 t + 1), (g + 8, 2 t), (g + 8, 2 t + 1).
template <typename T = __half>
__device__ inline void multiply(float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1);

template <>
__device__ inline void multiply<__half>(float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1)
{
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

template <>
__device__ inline void multiply<__nv_bfloat16>(float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1)
{
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// Two numbers, rounded to T, in one register.
template <typename T = __half>
__device__ inline unsigned pack(float low, float high);

template <>
__device__ inline unsigned pack<__half>(float low, float high)
{
    const __half2 both = __floats2half2_rn(low, high);
    return *reinterpret_cast<const unsigned*>(&both);
}

template <>
__device__ inline unsigned pack<__nv_bfloat16>(float low, float high)
{
    const __nv_bfloat162 both = __floats2bfloat162_rn(low, high);
    return *reinterpret_cast<const unsigned*>(&both);
}
