// 2 to the power of x in one instruction.

#pragma once

// Below 2^-126 it is zero. exp2f spends three instructions more on what lies there; a softmax has no use for it.
// Source: PTX ISA, "Floating Point Instructions: ex2".
__device__ inline float exp2_or_zero(float x)
{
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}
