// SwiGLU (Shazeer 2020, eq. 5): y = silu(a) * b with silu(a) = a / (1 + exp(-a)), element by element.
//
// Nothing is used twice, so that the kernel can only be as fast as memory: three times the bytes of y, 16 of
// them a lane and access. Fused, since silu(a) on its own would be written and read once more.
// a and b are often the two halves of one projection's rows, so that rows have pitches of their own.
//
// Where a is far below zero, exp(-a) is infinite and a / infinity the zero that is meant; float32 arithmetic
// also for 16-bit numbers, whose exp(-a) overflows from a = -11.1 on in fp16.
//
// Contract: a, b, y are (rows, cols), rows `pitch_a`, `pitch_b`, `pitch_y` elements apart; y may be a or b, but
// may not overlap them otherwise. gridDim.x = rows; any gridDim.y blocks share a row.

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "chunk.cuh"

template <typename T>
__device__ T swiglu_one(T a, T b)
{
    const float x = static_cast<float>(a);
    return static_cast<T>(x / (1.0f + expf(-x)) * static_cast<float>(b));
}

template <typename T>
__device__ void swiglu(const T* a, const T* b, T* y, int cols, long long pitch_a, long long pitch_b, long long pitch_y)
{
    a += blockIdx.x * pitch_a;
    b += blockIdx.x * pitch_b;
    y += blockIdx.x * pitch_y;
    const int chunks = aligned(a, b, y) ? cols / Chunk<T>::SIZE : 0;
    const int first = blockIdx.y * blockDim.x + threadIdx.x;  // of the threads that share the row
    const int step = gridDim.y * blockDim.x;
    for (int i = first; i < chunks; i += step) {
        Chunk<T> x = load(a, i);
        const Chunk<T> gate = load(b, i);
        for (int j = 0; j < Chunk<T>::SIZE; ++j)
            x.at[j] = swiglu_one(x.at[j], gate.at[j]);
        store(y, i, x);
    }
    // What is left of the row, or all of it where 16 bytes at once may not be read.
    for (int c = chunks * Chunk<T>::SIZE + first; c < cols; c += step)
        y[c] = swiglu_one(a[c], b[c]);
}

extern "C" __global__ void __launch_bounds__(256)
swiglu_fp32(const float* a, const float* b, float* y, int cols, long long pitch_a, long long pitch_b, long long pitch_y)
{
    swiglu(a, b, y, cols, pitch_a, pitch_b, pitch_y);
}

extern "C" __global__ void __launch_bounds__(256)
swiglu_fp16(const __half* a, const __half* b, __half* y, int cols, long long pitch_a, long long pitch_b, long long pitch_y)
{
    swiglu(a, b, y, cols, pitch_a, pitch_b, pitch_y);
}

extern "C" __global__ void __launch_bounds__(256)
swiglu_bf16(const __nv_bfloat16* a, const __nv_bfloat16* b, __nv_bfloat16* y, int cols, long long pitch_a,
            long long pitch_b, long long pitch_y)
{
    swiglu(a, b, y, cols, pitch_a, pitch_b, pitch_y);
}
