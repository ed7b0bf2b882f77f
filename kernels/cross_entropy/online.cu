// Cross-entropy against a class, one thread block a row: loss = log(sum(exp(x))) - x[class].
//
// With the vocabulary of a language model a row has 10^5 logits and gives one number: it must be read once. The
// online normaliser (Milakov and Gimelshein 2018, alg. 3) carries maximum and sum together and rescales the sum
// where the maximum grows; here a lane does so once for the 4 or 8 logits in 16 bytes, whose own maximum comes
// first, so that there is one exponential a logit and one a chunk more. Probabilities are never written.
// The price: 256 bytes of shared memory, one barrier.
//
// Contract: logits is (rows, cols), rows `pitch` elements apart, cols >= 1; classes and loss hold a number a row.
// A row whose class is `ignore_index` has the loss 0 and is not read; one whose class there is not has NaN, and
// nothing beyond the row is read for it. blockDim.x is a multiple of 32 and at most 1024; gridDim.x = rows.

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <math_constants.h>

#include "chunk.cuh"
#include "normaliser.cuh"

template <typename T>
__device__ Normaliser of_chunk(const Chunk<T>& x)
{
    float m = -CUDART_INF_F;
    for (const T v : x.at)
        m = fmaxf(m, static_cast<float>(v));
    const float base = m == -CUDART_INF_F ? 0.0f : m;  // exp(-inf - 0) is the zero that is meant
    float s = 0.0f;
    for (const T v : x.at)
        s += expf(static_cast<float>(v) - base);
    return {m, s};
}

template <typename T>
__device__ void cross_entropy(const T* logits, const long long* classes, float* loss, int cols, long long pitch,
                              long long ignore_index)
{
    const long long wanted = classes[blockIdx.x];
    if (wanted == ignore_index) {  // the whole block leaves, before the barrier
        if (threadIdx.x == 0)
            loss[blockIdx.x] = 0.0f;
        return;
    }
    logits += blockIdx.x * pitch;
    const int chunks = aligned(logits) ? cols / Chunk<T>::SIZE : 0;
    Normaliser mine = nothing_yet();
    for (int i = threadIdx.x; i < chunks; i += blockDim.x)
        mine = merge(mine, of_chunk(load(logits, i)));
    for (int c = chunks * Chunk<T>::SIZE + threadIdx.x; c < cols; c += blockDim.x)
        mine = merge(mine, {static_cast<float>(logits[c]), 1.0f});
    mine = merge_warp(mine);

    __shared__ Normaliser of_warp[32];  // [warp]
    const int warp = threadIdx.x / 32;
    const int lane = threadIdx.x % 32;
    if (lane == 0)
        of_warp[warp] = mine;
    __syncthreads();  // the first warp reads what the others have written
    if (warp != 0)
        return;
    // Lanes beyond the last warp bring the neutral element, not what lay in memory.
    const int warps = blockDim.x / 32;
    mine = merge_warp(lane < warps ? of_warp[lane] : nothing_yet());
    if (lane == 0) {
        const bool there = wanted >= 0 && wanted < cols;
        // m - x[class] first: both may be large, and log(s) is at most log(cols).
        loss[blockIdx.x] = there ? mine.m - static_cast<float>(logits[wanted]) + logf(mine.s) : CUDART_NAN_F;
    }
}

extern "C" __global__ void __launch_bounds__(1024)
cross_entropy_fp32(const float* logits, const long long* classes, float* loss, int cols, long long pitch,
                   long long ignore_index)
{
    cross_entropy(logits, classes, loss, cols, pitch, ignore_index);
}

extern "C" __global__ void __launch_bounds__(1024)
cross_entropy_fp16(const __half* logits, const long long* classes, float* loss, int cols, long long pitch,
                   long long ignore_index)
{
    cross_entropy(logits, classes, loss, cols, pitch, ignore_index);
}

extern "C" __global__ void __launch_bounds__(1024)
cross_entropy_bf16(const __nv_bfloat16* logits, const long long* classes, float* loss, int cols, long long pitch,
                   long long ignore_index)
{
    cross_entropy(logits, classes, loss, cols, pitch, ignore_index);
}
