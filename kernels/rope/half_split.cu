// Rotary position embedding (Su et al. 2021, eq. 34), halves paired: numbers i and i + dim / 2 of a head are
// turned together by the angle position * base^(-2 i / dim).
//
// Cosines and sines come from a table, (length, dim) in float32, the cosines of a position before its sines.
// sincosf in the kernel would need the angle to float32's full range reduction, and give four digits at position
// 100,000; the table's row is the same for all heads of a token, which one block turns, and stays in the cache.
//
// A thread has 16 bytes of the first half and the 16 of the second that belong to them, so that a pair never
// leaves it: no shuffle, no shared memory. Where rows or halves begin elsewhere than at multiples of 16 bytes
// (dim = 40 in fp16: halves of 40 bytes), it goes pair by pair.
//
// Contract: x and y are (tokens, heads, dim), dim even, tokens and heads apart by x_token, x_head, y_token,
// y_head elements; y may be x. positions holds a row's number of `turns` for each token. gridDim.x = tokens.

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "chunk.cuh"
#include "turn.cuh"

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

    const bool wide = half % SIZE == 0 && x_head % SIZE == 0 && y_head % SIZE == 0 && aligned(x, y, turns);
    if (wide) {
        const int chunks = half / SIZE;  // of a half
        for (int i = threadIdx.x; i < heads * chunks; i += blockDim.x) {
            const int chunk = i % chunks;
            const T* from = x + i / chunks * x_head;
            T* to = y + i / chunks * y_head;
            Chunk<T> a = load(from, chunk);
            Chunk<T> b = load(from + half, chunk);
            for (int j = 0; j < SIZE; j += 4) {
                const Chunk<float> cos = load(cosines, (chunk * SIZE + j) / 4);
                const Chunk<float> sin = load(sines, (chunk * SIZE + j) / 4);
                for (int k = 0; k < 4; ++k)
                    turn(a.at[j + k], b.at[j + k], cos.at[k], sin.at[k]);
            }
            store(to, chunk, a);
            store(to + half, chunk, b);
        }
    } else {
        turn_pairs(x, cosines, y, heads, half, x_head, y_head, 1, half);
    }
}

extern "C" __global__ void __launch_bounds__(128)
rope_half_split_fp32(const float* x, const int* positions, const float* turns, float* y, int heads, int dim,
                     long long x_token, long long x_head, long long y_token, long long y_head)
{
    rope(x, positions, turns, y, heads, dim, x_token, x_head, y_token, y_head);
}

extern "C" __global__ void __launch_bounds__(128)
rope_half_split_fp16(const __half* x, const int* positions, const float* turns, __half* y, int heads, int dim,
                     long long x_token, long long x_head, long long y_token, long long y_head)
{
    rope(x, positions, turns, y, heads, dim, x_token, x_head, y_token, y_head);
}

extern "C" __global__ void __launch_bounds__(128)
rope_half_split_bf16(const __nv_bfloat16* x, const int* positions, const float* turns, __nv_bfloat16* y, int heads,
                     int dim, long long x_token, long long x_head, long long y_token, long long y_head)
{
    rope(x, positions, turns, y, heads, dim, x_token, x_head, y_token, y_head);
}
