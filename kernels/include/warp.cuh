// Sums and maxima over the 32 lanes of a warp, or over a quad of them, which has a row of mma's fragments; by
// butterflies: every lane ends with the result.

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

__device__ inline float of_quad_max(float v)
{
    v = fmaxf(v, __shfl_xor_sync(ALL, v, 1));
    return fmaxf(v, __shfl_xor_sync(ALL, v, 2));
}

__device__ inline float of_quad_sum(float v)
{
    v += __shfl_xor_sync(ALL, v, 1);
    return v + __shfl_xor_sync(ALL, v, 2);
}
