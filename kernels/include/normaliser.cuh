// Maximum and sum of exponentials of a row, carried together (Milakov and Gimelshein 2018, alg. 3).
//
// When a larger maximum appears, the sum so far is rescaled by exp(old - new). The same pair merges across lanes
// and warps, in any order, because the rescaling is associative.

#pragma once

#include <math_constants.h>

#include "warp.cuh"

// Aligned as a whole, so that a lane reads its pair at once: two reads of 4 bytes, 8 apart, meet each bank twice.
struct alignas(8) Normaliser {
    float m;  // maximum so far
    float s;  // sum of exp(x - m) so far
};

// Merged with anything it changes nothing.
__device__ inline Normaliser nothing_yet() { return {-CUDART_INF_F, 0.0f}; }

__device__ inline Normaliser merge(Normaliser a, Normaliser b)
{
    const float m = fmaxf(a.m, b.m);
    // Where nothing but -inf was seen yet, m - m is NaN: such a part adds nothing.
    const float of_a = a.m == -CUDART_INF_F ? 0.0f : a.s * expf(a.m - m);
    const float of_b = b.m == -CUDART_INF_F ? 0.0f : b.s * expf(b.m - m);
    return {m, of_a + of_b};
}

__device__ inline Normaliser merge_warp(Normaliser n)
{
    for (int offset = 16; offset > 0; offset /= 2)
        n = merge(n, {__shfl_xor_sync(ALL, n.m, offset), __shfl_xor_sync(ALL, n.s, offset)});
    return n;
}
