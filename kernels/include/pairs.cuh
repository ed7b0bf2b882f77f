// Two neighbouring 16-bit numbers as one 32-bit word, and as two floats: what a kernel needs of fp16 or bf16
// to be written once for both.

#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

template <typename T>
struct PairOf;
template <>
struct PairOf<__half> {
    using Type = __half2;
};
template <>
struct PairOf<__nv_bfloat16> {
    using Type = __nv_bfloat162;
};
template <typename T>
using Pair = typename PairOf<T>::Type;

__device__ inline float2 widen(__half2 pair) { return __half22float2(pair); }
__device__ inline float2 widen(__nv_bfloat162 pair) { return __bfloat1622float2(pair); }

// Rounded to nearest, ties to even.
template <typename T>
__device__ Pair<T> narrow(float low, float high);
template <>
__device__ inline __half2 narrow<__half>(float low, float high) { return __floats2half2_rn(low, high); }
template <>
__device__ inline __nv_bfloat162 narrow<__nv_bfloat16>(float low, float high) { return __floats2bfloat162_rn(low, high); }
