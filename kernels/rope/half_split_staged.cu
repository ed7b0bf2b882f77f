// Rotary position embedding, halves paired. What it adds to half_split.cu: the token's row of the table is brought
// into shared memory once, and not read from the cache by each head. Of 16-bit numbers the table is twice as wide as
// what it turns: with 32 heads two thirds of all bytes that are read go.
// The price: 1,024 bytes of shared memory, a barrier, and a dimension of at most 256.
//
// A thread has 4 numbers of the first half and the 4 of the second, so that it wants one float4 of cosines and one of
// sines, and neighbouring lanes read side by side what others have written side by side: where a half has 8 float4
// or a multiple of them, eight lanes meet all 32 banks. In other rows some of them begin anew with the next head and
// may meet a bank twice (dim = 96).
//
// Contract: as half_split.cu, with dim <= 256.

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "chunk.cuh"
#include "turn.cuh"

constexpr int MOST = 256;  // numbers of a head

// What goes with one float4 of cosines.
template <typename T>
struct alignas(4 * sizeof(T)) Four {
    T at[4];
};

template <typename T>
__device__ void rope(const T* x, const int* positions, const float* turns, T* y, int heads, int dim,
                     long long x_token, long long x_head, long long y_token, long long y_head)
{
    __shared__ alignas(16) float row[MOST];  // cosines, then sines
    const int half = dim / 2;
    const float* from_table = turns + static_cast<long long>(positions[blockIdx.x]) * dim;
    for (int i = threadIdx.x; i < dim; i += blockDim.x)  // a row may be longer than the block has threads
        row[i] = from_table[i];
    __syncthreads();  // a thread turns by what others have brought
    x += blockIdx.x * x_token;
    y += blockIdx.x * y_token;

    const bool wide = half % 4 == 0 && x_head % 4 == 0 && y_head % 4 == 0 && aligned<sizeof(Four<T>)>(x, y);
    if (wide) {
        const int fours = half / 4;  // of a half
        for (int i = threadIdx.x; i < heads * fours; i += blockDim.x) {
            const int four = i % fours;
            const T* from = x + i / fours * x_head;
            T* to = y + i / fours * y_head;
            Four<T> a = reinterpret_cast<const Four<T>*>(from)[four];
            Four<T> b = reinterpret_cast<const Four<T>*>(from + half)[four];
            const Four<float> cos = reinterpret_cast<const Four<float>*>(row)[four];
            const Four<float> sin = reinterpret_cast<const Four<float>*>(row + half)[four];
            for (int k = 0; k < 4; ++k)
                turn(a.at[k], b.at[k], cos.at[k], sin.at[k]);
            reinterpret_cast<Four<T>*>(to)[four] = a;
            reinterpret_cast<Four<T>*>(to + half)[four] = b;
        }
    } else {
        turn_pairs(x, row, y, heads, half, x_head, y_head, 1, half);
    }
}

extern "C" __global__ void __launch_bounds__(128)
rope_half_split_staged_fp32(const float* x, const int* positions, const float* turns, float* y, int heads, int dim,
                            long long x_token, long long x_head, long long y_token, long long y_head)
{
    rope(x, positions, turns, y, heads, dim, x_token, x_head, y_token, y_head);
}

extern "C" __global__ void __launch_bounds__(128)
rope_half_split_staged_fp16(const __half* x, const int* positions, const float* turns, __half* y, int heads, int dim,
                            long long x_token, long long x_head, long long y_token, long long y_head)
{
    rope(x, positions, turns, y, heads, dim, x_token, x_head, y_token, y_head);
}

extern "C" __global__ void __launch_bounds__(128)
rope_half_split_staged_bf16(const __nv_bfloat16* x, const int* positions, const float* turns, __nv_bfloat16* y, int heads,
                            int dim, long long x_token, long long x_head, long long y_token, long long y_head)
{
    rope(x, positions, turns, y, heads, dim, x_token, x_head, y_token, y_head);
}
