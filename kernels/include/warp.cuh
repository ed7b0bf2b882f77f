// Sums and maxima over the 32 lanes of a warp, by butterflies: every lane ends with the result.

#pragma once

constexpr unsigned ALL = 0xffffffffu;

__device__ inline float reduce_max(float v)
{
    for (int offset = 16; offset > 0; offset /= 2)
        v = fmaxf(v, __shfl_xor_sync(ALL, v, offset));
    return v;
}

__device__ inline float reduce_sum(float v)
{
    for (int offset = 16; offset > 0; offset /= 2)
        v += __shfl_xor_sync(ALL, v, offset);
    return v;
}
