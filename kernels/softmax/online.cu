// Row softmax, one thread block a row, with the online normaliser (Milakov and Gimelshein 2018, alg. 3).
//
// The textbook way reads a row three times: for its maximum, for the sum of exp(x - max), and to write.
// The online way keeps (m, s) together: when a larger maximum appears, the sum so far is rescaled by
// exp(old - new). That saves one of the three passes over global memory, and the same pair merges
// across lanes and warps, in any order, because the rescaling is associative.
//
// Contract: x and y are (rows, cols), rows `pitch_x` and `pitch_y` elements apart, cols >= 1;
// blockDim.x is a multiple of 32 and at most 1024; gridDim.x = rows. Sums are kept in float32.
// A row that holds -inf only has no softmax: it comes out as NaN, as torch has it.

#include <cuda_fp16.h>

#include "normaliser.cuh"

template <typename T>
__device__ void softmax_row(const T* x, T* y, int cols)
{
    Normaliser mine = nothing_yet();
    for (int c = threadIdx.x; c < cols; c += blockDim.x)
        mine = merge(mine, {static_cast<float>(x[c]), 1.0f});
    mine = merge_warp(mine);

    __shared__ Normaliser of_warp[32];
    const int warp = threadIdx.x / 32;
    const int lane = threadIdx.x % 32;
    if (lane == 0)
        of_warp[warp] = mine;
    __syncthreads();
    // Every warp merges the same entries in the same order, so that no second barrier is needed to hand
    // the result round. Lanes beyond the last warp bring the neutral element, not what lay in memory.
    const int warps = blockDim.x / 32;
    mine = merge_warp(lane < warps ? of_warp[lane] : nothing_yet());

    const float scale = 1.0f / mine.s;
    for (int c = threadIdx.x; c < cols; c += blockDim.x)
        y[c] = static_cast<T>(expf(static_cast<float>(x[c]) - mine.m) * scale);
}

extern "C" __global__ void __launch_bounds__(1024)
softmax_fp32(const float* x, float* y, int cols, long long pitch_x, long long pitch_y)
{
    softmax_row(x + blockIdx.x * pitch_x, y + blockIdx.x * pitch_y, cols);
}

extern "C" __global__ void __launch_bounds__(1024)
softmax_fp16(const __half* x, __half* y, int cols, long long pitch_x, long long pitch_y)
{
    softmax_row(x + blockIdx.x * pitch_x, y + blockIdx.x * pitch_y, cols);
}
