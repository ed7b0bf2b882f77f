// LayerNorm (Ba et al. 2016, eq. 4), one warp a row: y = (x - mean) / sqrt(variance + eps) * weight + bias.
//
// There are three ways to the variance. mean(x^2) - mean(x)^2 takes one pass and cancels: for numbers around
// 1000 that differ by 1, float32 has no digit of it left. Two passes, first the mean, then the squares of what
// differs from it, are exact and read the row once more. This is the third: mean and sum of squared differences
// of each piece on its own, pieces merged without cancellation (Chan, Golub and LeVeque 1979, eq. 2.1; of
// single numbers, Welford 1962). One pass, and a division for each 16 bytes, which memory leaves time for.
//
// A warp merges with shuffles alone, so no shared memory and no barrier is needed. Rows are read 16 bytes a
// lane; what begins elsewhere than at a multiple of 16, and what is left at the end, goes number by number.
//
// Contract: x and y are (rows, cols), rows `pitch_x` and `pitch_y` elements apart; weight and bias hold cols
// elements; y may be x. blockDim.x is a multiple of 32; the grid has at least rows warps.

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "chunk.cuh"
#include "warp.cuh"

struct Moments {
    float n;     // how many
    float mean;
    float m2;    // sum of squared differences from the mean
};

__device__ Moments merge(Moments a, Moments b)
{
    const float n = a.n + b.n;
    const float delta = b.mean - a.mean;
    const float share = n > 0.0f ? b.n / n : 0.0f;  // a lane that the row left nothing for
    return {n, fmaf(delta, share, a.mean), a.m2 + b.m2 + delta * delta * a.n * share};
}

template <typename T>
__device__ Moments of_chunk(const Chunk<T>& x)
{
    constexpr float n = Chunk<T>::SIZE;
    float sum = 0.0f;
    for (const T v : x.at)
        sum += static_cast<float>(v);
    const float mean = sum / n;
    float m2 = 0.0f;
    for (const T v : x.at) {
        const float difference = static_cast<float>(v) - mean;
        m2 = fmaf(difference, difference, m2);
    }
    return {n, mean, m2};
}

template <typename T>
__device__ void layernorm_row(const T* x, const T* weight, const T* bias, T* y, int cols, float eps)
{
    constexpr int SIZE = Chunk<T>::SIZE;
    const int lane = threadIdx.x % 32;
    const int chunks = aligned(x, weight, bias, y) ? cols / SIZE : 0;
    const int rest = chunks * SIZE;  // from here on number by number

    Moments mine = {0.0f, 0.0f, 0.0f};
    for (int i = lane; i < chunks; i += 32)
        mine = merge(mine, of_chunk(load(x, i)));
    for (int c = rest + lane; c < cols; c += 32)
        mine = merge(mine, {1.0f, static_cast<float>(x[c]), 0.0f});
    for (int offset = 16; offset > 0; offset /= 2)
        mine = merge(mine, {__shfl_xor_sync(ALL, mine.n, offset), __shfl_xor_sync(ALL, mine.mean, offset),
                            __shfl_xor_sync(ALL, mine.m2, offset)});
    // Lanes merged the same pieces in different orders: the whole row takes what the first has.
    const float mean = __shfl_sync(ALL, mine.mean, 0);
    const float scale = rsqrtf(__shfl_sync(ALL, mine.m2, 0) / static_cast<float>(cols) + eps);

    const auto normal = [&](T v, T w, T b) {
        return static_cast<T>(fmaf((static_cast<float>(v) - mean) * scale, static_cast<float>(w), static_cast<float>(b)));
    };
    for (int i = lane; i < chunks; i += 32) {
        Chunk<T> v = load(x, i);
        const Chunk<T> w = load(weight, i);
        const Chunk<T> b = load(bias, i);
        for (int j = 0; j < SIZE; ++j)
            v.at[j] = normal(v.at[j], w.at[j], b.at[j]);
        store(y, i, v);
    }
    for (int c = rest + lane; c < cols; c += 32)
        y[c] = normal(x[c], weight[c], bias[c]);
}

template <typename T>
__device__ void layernorm(const T* x, const T* weight, const T* bias, T* y, int rows, int cols, long long pitch_x,
                          long long pitch_y, float eps)
{
    const long long row = (static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x) / 32;
    if (row < rows)  // whole warps leave, which is safe because nothing here waits for the block
        layernorm_row(x + row * pitch_x, weight, bias, y + row * pitch_y, cols, eps);
}

extern "C" __global__ void __launch_bounds__(256)
layernorm_fp32(const float* x, const float* weight, const float* bias, float* y, int rows, int cols,
               long long pitch_x, long long pitch_y, float eps)
{
    layernorm(x, weight, bias, y, rows, cols, pitch_x, pitch_y, eps);
}

extern "C" __global__ void __launch_bounds__(256)
layernorm_fp16(const __half* x, const __half* weight, const __half* bias, __half* y, int rows, int cols,
               long long pitch_x, long long pitch_y, float eps)
{
    layernorm(x, weight, bias, y, rows, cols, pitch_x, pitch_y, eps);
}

extern "C" __global__ void __launch_bounds__(256)
layernorm_bf16(const __nv_bfloat16* x, const __nv_bfloat16* weight, const __nv_bfloat16* bias, __nv_bfloat16* y,
               int rows, int cols, long long pitch_x, long long pitch_y, float eps)
{
    layernorm(x, weight, bias, y, rows, cols, pitch_x, pitch_y, eps);
}
