// RMSNorm (Zhang and Sennrich 2019, eq. 4), one warp a row: y = x / sqrt(mean(x^2) + eps) * weight.
//
// A warp reduces with shuffles alone, so no shared memory and no barrier is needed, and the warps of a
// block work on rows of their own: a warp whose row lies beyond the last one leaves at once, which is
// safe only because nothing here waits for the whole block.
//
// Contract: x and y are (rows, cols), rows `pitch_x` and `pitch_y` elements apart, weight holds cols
// elements; blockDim.x is a multiple of 32; the grid has at least rows warps. The sum of squares is
// kept in float32: in fp16 it would overflow from 65504 on, that is at |x| around 4 for 4096 columns.

#include <cuda_bf16.h>
#include <cuda_fp16.h>

template <typename T>
__device__ void rmsnorm_row(const T* x, const T* weight, T* y, int cols, float eps)
{
    const int lane = threadIdx.x % 32;
    float squares = 0.0f;
    for (int c = lane; c < cols; c += 32) {
        const float v = static_cast<float>(x[c]);
        squares = fmaf(v, v, squares);
    }
    for (int offset = 16; offset > 0; offset /= 2)
        squares += __shfl_xor_sync(0xffffffffu, squares, offset);

    const float scale = rsqrtf(squares / static_cast<float>(cols) + eps);
    for (int c = lane; c < cols; c += 32)
        y[c] = static_cast<T>(static_cast<float>(x[c]) * scale * static_cast<float>(weight[c]));
}

template <typename T>
__device__ void rmsnorm(const T* x, const T* weight, T* y, int rows, int cols, long long pitch_x, long long pitch_y,
                        float eps)
{
    const long long row = (static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x) / 32;
    if (row < rows)
        rmsnorm_row(x + row * pitch_x, weight, y + row * pitch_y, cols, eps);
}

extern "C" __global__ void __launch_bounds__(256)
rmsnorm_fp32(const float* x, const float* weight, float* y, int rows, int cols, long long pitch_x, long long pitch_y,
             float eps)
{
    rmsnorm(x, weight, y, rows, cols, pitch_x, pitch_y, eps);
}

extern "C" __global__ void __launch_bounds__(256)
rmsnorm_fp16(const __half* x, const __half* weight, __half* y, int rows, int cols, long long pitch_x,
             long long pitch_y, float eps)
{
    rmsnorm(x, weight, y, rows, cols, pitch_x, pitch_y, eps);
}

extern "C" __global__ void __launch_bounds__(256)
rmsnorm_bf16(const __nv_bfloat16* x, const __nv_bfloat16* weight, __nv_bfloat16* y, int rows, int cols,
             long long pitch_x, long long pitch_y, float eps)
{
    rmsnorm(x, weight, y, rows, cols, pitch_x, pitch_y, eps);
}
