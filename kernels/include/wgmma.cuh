// Products of a warp group, 4 neighbouring warps whose first is a multiple of 4: thin names for PTX instructions
// (sm_90a alone). All 128 threads issue a product together; it runs on, beside what they do next, until they wait for
// it. B always comes from shared memory, A from there or from registers; what comes from shared memory is
// told by a descriptor, 64 bits that are the same in all threads.
// Fragments: warp w of the group has rows 16 w to 16 w + 15; there, c and a lie as in multiply() of mma.cuh, 8 columns
// of c in c[n].
// Source: PTX ISA, "Asynchronous Warpgroup Level Matrix Instructions".

#pragma once

#include "mma.cuh"

#if defined(__CUDA_ARCH__) && !defined(__CUDA_ARCH_FEAT_SM90_ALL)
#error "products of warp groups are instructions of sm_90a, and of no other architecture"
#endif

using Descriptor = unsigned long long;

// Of 16-bit numbers in rows of 64, 128 bytes, whose chunks of 16 bytes are exchanged: chunk c of row r lies at place
// c ^ r % 8. Eight rows, 1024 bytes, are a unit, which begins at a multiple of 1024; `next` is how many bytes further the
// next 64 columns begin, where the product goes across more of them than that: only of an operand that is read along
// its rows. A descriptor counts in units of 16 bytes: so many may be added to it as to its address.
__device__ inline Descriptor rows_of_128_bytes(const void* at, unsigned next = 16)
{
    const Descriptor eight_rows = 1024 / 16;
    const Descriptor exchanged = 1;  // by 128 bytes
    return shared_address(at) / 16 | static_cast<Descriptor>(next / 16) << 16 | eight_rows << 32 | exchanged << 62;
}

// What this thread knows of shared memory, written by copies or stores, before products that read it: they see it
// through another door (the async proxy), which else may show what lay there before. Who waited for the copies says it,
// as cp.async is past before its own thread could. (Behind cp.async, CUTLASS's main loops do without; the ISA does not.)
__device__ inline void show_to_products() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

// What was written to registers before products that read or add to them.
__device__ inline void begin_products() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }

__device__ inline void commit_products() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }

// Until all but the newest N groups of products are done: their results are in the registers, and what they read of
// shared memory has been read.
template <int N>
__device__ inline void wait_for_products()
{
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(N) : "memory");
}

// To the compiler a product's result is there as soon as it is issued, and arithmetic on registers may pass a wait.
// This, which does nothing, claims to change the registers: no use passes it upward, and no change downward.
template <int COUNT>
__device__ inline void keep_in_place(float (&c)[COUNT][4])
{
    for (int n = 0; n < COUNT; ++n)
        asm volatile("" : "+f"(c[n][0]), "+f"(c[n][1]), "+f"(c[n][2]), "+f"(c[n][3])::"memory");
}

template <int COUNT>
__device__ inline void keep_in_place(unsigned (&a)[COUNT][4])
{
    for (int n = 0; n < COUNT; ++n)
        asm volatile("" : "+r"(a[n][0]), "+r"(a[n][1]), "+r"(a[n][2]), "+r"(a[n][3])::"memory");
}

// The registers of a warp group's multiprocessor are dealt out anew: so many a thread from here on.
template <int N>
__device__ inline void give_registers_back() { asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(N)); }
template <int N>
__device__ inline void take_registers() { asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(N)); }

#define C_4(c, n) "+f"(c[n][0]), "+f"(c[n][1]), "+f"(c[n][2]), "+f"(c[n][3])
#define C_16(c, n) C_4(c, n), C_4(c, n + 1), C_4(c, n + 2), C_4(c, n + 3)
#define C_32(c) C_16(c, 0), C_16(c, 4)
#define C_64(c) C_32(c), C_16(c, 8), C_16(c, 12)
#define NAMES_32                                                                                                    \
    "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "                                        \
    "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
#define NAMES_64                                                                                                    \
    NAMES_32 ", %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "                   \
             "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"

// c = a b^T, or c += a b^T: (64, 16) of a and (128, 16) of b, both in shared memory, row by row.
#define MULTIPLY_ROWS(TYPES)                                                                                        \
    asm volatile(                                                                                                   \
        "{\n.reg .pred add;\nsetp.ne.b32 add, %66, 0;\n"                                                            \
        "wgmma.mma_async.sync.aligned.m64n128k16.f32." TYPES " {" NAMES_64 "}, %64, %65, add, 1, 1, 0, 0;\n}\n"     \
        : C_64(c) : "l"(a), "l"(b), "n"(ADD) : "memory")

template <typename T, int ADD>
struct Rows;
template <int ADD>
struct Rows<__half, ADD> {
    __device__ static void multiply(float (&c)[16][4], Descriptor a, Descriptor b) { MULTIPLY_ROWS("f16.f16"); }
};
template <int ADD>
struct Rows<__nv_bfloat16, ADD> {
    __device__ static void multiply(float (&c)[16][4], Descriptor a, Descriptor b) { MULTIPLY_ROWS("bf16.bf16"); }
};

// c += a b: (64, 16) of a, in registers, and (16, 64) or (16, 128) of b, in shared memory row by row: its columns, along
// which a product sums, lie across the rows, and the last 1 says so.
#define MULTIPLY(N, TYPES, NAMES, C, A0, A1, A2, A3, B)                                                             \
    asm volatile(                                                                                                   \
        "wgmma.mma_async.sync.aligned.m64n" N "k16.f32." TYPES " {" NAMES "}, {" A0 ", " A1 ", " A2 ", " A3 "}, " B \
        ", 1, 1, 1, 1;\n"                                                                                           \
        : C(c) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b) : "memory")
#define MULTIPLY_64(TYPES) MULTIPLY("64", TYPES, NAMES_32, C_32, "%32", "%33", "%34", "%35", "%36")
#define MULTIPLY_128(TYPES) MULTIPLY("128", TYPES, NAMES_64, C_64, "%64", "%65", "%66", "%67", "%68")

template <typename T>
struct Columns;
template <>
struct Columns<__half> {
    __device__ static void multiply(float (&c)[8][4], const unsigned (&a)[4], Descriptor b) { MULTIPLY_64("f16.f16"); }
    __device__ static void multiply(float (&c)[16][4], const unsigned (&a)[4], Descriptor b) { MULTIPLY_128("f16.f16"); }
};
template <>
struct Columns<__nv_bfloat16> {
    __device__ static void multiply(float (&c)[8][4], const unsigned (&a)[4], Descriptor b) { MULTIPLY_64("bf16.bf16"); }
    __device__ static void multiply(float (&c)[16][4], const unsigned (&a)[4], Descriptor b) { MULTIPLY_128("bf16.bf16"); }
};
