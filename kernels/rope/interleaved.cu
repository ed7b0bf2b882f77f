// Rotary position embedding (Su et al. 2021, eq. 34), neighbours paired: numbers 2 i and 2 i + 1 of a head are
// turned together by the angle position * base^(-2 i / dim).
//
// Cosines and sines come from a table, as in half_split.cu. Here a pair lies side by side, so that 16 bytes hold
// whole pairs, and a row may be any number of them long: 8 of fp16 are four pairs, and want four cosines and four
// sines, which the table has side by side, too.
//
// Contract: x and y are (tokens, heads, dim), dim even, tokens and heads apart by x_token, x_head, y_token,
// y_head elements; y may be x. positions holds a row's number of `turns` for each token. gridDim.x = tokens.

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "chunk.cuh"
#include "turn.cuh"

// The cosines, or the sines, of the pairs in 16 bytes of T.
template <typename T>
struct alignas(2 * Chunk<T>::SIZE) Turns {
    float at[Chunk<T>::SIZE / 2];
};

template <typename T>
__device__ void rope(const T* x, const int* positions, const float* turns, T* y, int heads, int dim,
                     long long x_token, long long x_head, long long y_token, long long y_head)
{
    constexpr int SIZE = Chunk<T>::SIZE;
    const int half = dim / 2;
    const float* cosines = turns + static_cast<long long>(positions[blockIdx.x]) * dim;
    const float* sines = cosines + half;
    x += blockIdx.x * x_token;
    y += blockIdx.x * y_token;

    const bool wide = dim % SIZE == 0 && x_head % SIZE == 0 && y_head % SIZE == 0 && aligned(x, y, turns);
    if (wide) {
        const int chunks = dim / SIZE;
        for (int i = threadIdx.x; i < heads * chunks; i += blockDim.x) {
            const int chunk = i % chunks;
            Chunk<T> pairs = load(x + i / chunks * x_head, chunk);
            const Turns<T> cos = reinterpret_cast<const Turns<T>*>(cosines)[chunk];
            const Turns<T> sin = reinterpret_cast<const Turns<T>*>(sines)[chunk];
            for (int j = 0; j < SIZE / 2; ++j)
                turn(pairs.at[2 * j], pairs.at[2 * j + 1], cos.at[j], sin.at[j]);
            store(y + i / chunks * y_head, chunk, pairs);
        }
    } else {
        turn_pairs(x, cosines, y, heads, half, x_head, y_head, 2, 1);
    }
}

extern "C" __global__ void __launch_bounds__(128)
rope_interleaved_fp32(const float* x, const int* positions, const float* turns, float* y, int heads, int dim,
                     long long x_token, long long x_head, long long y_token, long long y_head)
{
    rope(x, positions, turns, y, heads, dim, x_token, x_head, y_token, y_head);
}

extern "C" __global__ void __launch_bounds__(128)
rope_interleaved_fp16(const __half* x, const int* positions, const float* turns, __half* y, int heads, int dim,
                     long long x_token, long long x_head, long long y_token, long long y_head)
{
    rope(x, positions, turns, y, heads, dim, x_token, x_head, y_token, y_head);
}

extern "C" __global__ void __launch_bounds__(128)
rope_interleaved_bf16(const __nv_bfloat16* x, const int* positions, const float* turns, __nv_bfloat16* y, int heads,
                     int dim, long long x_token, long long x_head, long long y_token, long long y_head)
{
    rope(x, positions, turns, y, heads, dim, x_token, x_head, y_token, y_head);
}
