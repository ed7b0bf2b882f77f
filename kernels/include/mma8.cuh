// Tensor cores for 8-bit numbers of E4M3: 4 bits of exponent, 3 of mantissa, up to 448, no infinity (from sm_89 on).
// Fragment layouts: PTX ISA, "Matrix Fragments for mma.m16n8k32"; g = lane / 4, t = lane % 4. A register holds four
// neighbours along k, where one of 16-bit numbers holds two: ldmatrix, which moves 16 bytes of a row, serves both.

#pragma once

#include "mma.cuh"

// c += a b: (16, 32) x (32, 8), summed in float32. c lies as in multiply of mma.cuh.
__device__ inline void multiply_e4m3(float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1)
{
    asm("mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// Four numbers, rounded to nearest and ties to even, in one register, the first lowest; what is beyond 448 becomes 448.
__device__ inline unsigned pack_e4m3(float a, float b, float c, float d)
{
    unsigned short low, high;
    asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(low) : "f"(b), "f"(a));
    asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(high) : "f"(d), "f"(c));
    return low | static_cast<unsigned>(high) << 16;
}

// Bytes 0 and 2 of two registers, or 1 and 3: of pairs the first ones, or the second ones.
__device__ inline unsigned even_bytes(unsigned low, unsigned high) { return __byte_perm(low, high, 0x6420); }
__device__ inline unsigned odd_bytes(unsigned low, unsigned high) { return __byte_perm(low, high, 0x7531); }
