// RMSNorm of a sum: sum = x + residual, y = sum / sqrt(mean(sum^2) + eps) * weight, one warp a row.
//
// What it adds to warp_per_row.cu: the residual of a transformer's block is added on the way, and both are
// written, the sum for the next block and its norm for this one. On its own the addition would read and write
// each element once more: here it is two reads and two writes instead of three and two. The second pass finds
// the sum where the first has left it, in the cache. Rows go 16 bytes a lane; what begins elsewhere than at a
// multiple of 16, and what is left at the end, goes number by number.
//
// The norm is taken of the sum as it is written, rounded: a later reader of both finds them to agree.
//
// Contract: x, residual, sum and y are (rows, cols), rows `pitch_x`, `pitch_r`, `pitch_s` and `pitch_y` elements
// apart, weight holds cols elements. sum may be residual or x (a lane reads an element before it writes it, and
// no other lane touches it); y may be x, if sum is not. blockDim.x is a multiple of 32; the grid has at least rows warps.

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "chunk.cuh"
#include "warp.cuh"

template <typename T>
__device__ T add(T a, T b, float& squares)
{
    const T sum = static_cast<T>(static_cast<float>(a) + static_cast<float>(b));
    const float v = static_cast<float>(sum);
    squares = fmaf(v, v, squares);
    return sum;
}

template <typename T>
__device__ void rmsnorm_row(const T* x, const T* residual, const T* weight, T* sum, T* y, int cols, float eps)
{
    constexpr int SIZE = Chunk<T>::SIZE;
    const int lane = threadIdx.x % 32;
    const int chunks = aligned(x, residual, weight, sum, y) ? cols / SIZE : 0;
    const int rest = chunks * SIZE;  // from here on number by number

    float squares = 0.0f;
    for (int i = lane; i < chunks; i += 32) {
        Chunk<T> v = load(x, i);
        const Chunk<T> r = load(residual, i);
        for (int j = 0; j < SIZE; ++j)
            v.at[j] = add(v.at[j], r.at[j], squares);
        store(sum, i, v);
    }
#pragma unroll 1  // for the few that are left, or for rows that are slow anyhow
    for (int c = rest + lane; c < cols; c += 32)
        sum[c] = add(x[c], residual[c], squares);
    const float scale = rsqrtf(reduce_sum(squares) / static_cast<float>(cols) + eps);

    // Each lane reads what it has itself written, so that nothing has to be ordered.
    for (int i = lane; i < chunks; i += 32) {
        Chunk<T> v = load(sum, i);
        const Chunk<T> w = load(weight, i);
        for (int j = 0; j < SIZE; ++j)
            v.at[j] = static_cast<T>(static_cast<float>(v.at[j]) * scale * static_cast<float>(w.at[j]));
        store(y, i, v);
    }
#pragma unroll 1
    for (int c = rest + lane; c < cols; c += 32)
        y[c] = static_cast<T>(static_cast<float>(sum[c]) * scale * static_cast<float>(weight[c]));
}

template <typename T>
__device__ void rmsnorm(const T* x, const T* residual, const T* weight, T* sum, T* y, int rows, int cols,
                        long long pitch_x, long long pitch_r, long long pitch_s, long long pitch_y, float eps)
{
    const long long row = (static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x) / 32;
    if (row < rows)
        rmsnorm_row(x + row * pitch_x, residual + row * pitch_r, weight, sum + row * pitch_s, y + row * pitch_y,
                    cols, eps);
}

extern "C" __global__ void __launch_bounds__(256)
rmsnorm_residual_fp32(const float* x, const float* residual, const float* weight, float* sum, float* y, int rows,
                      int cols, long long pitch_x, long long pitch_r, long long pitch_s, long long pitch_y, float eps)
{
    rmsnorm(x, residual, weight, sum, y, rows, cols, pitch_x, pitch_r, pitch_s, pitch_y, eps);
}

extern "C" __global__ void __launch_bounds__(256)
rmsnorm_residual_fp16(const __half* x, const __half* residual, const __half* weight, __half* sum, __half* y, int rows,
                      int cols, long long pitch_x, long long pitch_r, long long pitch_s, long long pitch_y, float eps)
{
    rmsnorm(x, residual, weight, sum, y, rows, cols, pitch_x, pitch_r, pitch_s, pitch_y, eps);
}

extern "C" __global__ void __launch_bounds__(256)
rmsnorm_residual_bf16(const __nv_bfloat16* x, const __nv_bfloat16* residual, const __nv_bfloat16* weight,
                      __nv_bfloat16* sum, __nv_bfloat16* y, int rows, int cols, long long pitch_x, long long pitch_r,
                      long long pitch_s, long long pitch_y, float eps)
{
    rmsnorm(x, residual, weight, sum, y, rows, cols, pitch_x, pitch_r, pitch_s, pitch_y, eps);
}
