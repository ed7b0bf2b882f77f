// Attention forward, the simplest that never stores the scores: one warp a query row, keys one by one,
// with online softmax (Milakov and Gimelshein 2018; FlashAttention, Dao et al. 2022, builds on it).
// The first rung of the ladder: correct, and every later version is held to the same contract (problem.cuh).
//
// A row of D = 64 numbers is 32 pairs: lane j has elements 2 j and 2 j + 1 of q, of each key and value in turn,
// and of the output; in longer rows also the pair 32 further on. For every key
//   score    s = scale * (q . k): a product of pairs in each lane, and a sum over the warp by shuffles;
//   softmax  m, the largest score so far, and l, the sum of exp(s - m) so far; when m grows, what was
//            accumulated before is rescaled by exp(m_old - m_new);
//   value    o += exp(s - m) * v, each lane its own pairs.
// Nothing is shared between warps: no shared memory and no barrier. The price: five dependent shuffles a
// key, and each warp reads all keys and values for itself, so that a row of K is read seq_q times.
//
// A block has WARPS query rows.

#include <math_constants.h>

#include "problem.cuh"
#include "warp.cuh"

constexpr int WARPS = 4;

// Pair p of a row; zeros in lanes beyond its end.
template <int D, typename T>
__device__ float2 pair(const T* row, int p)
{
    return p < D / 2 ? widen(reinterpret_cast<const Pair<T>*>(row)[p]) : make_float2(0.0f, 0.0f);
}

template <int D, typename T>
__global__ void __launch_bounds__(32 * WARPS)
attention_naive(const T* q, const T* k, const T* v, const int* cu_q, const int* cu_k, T* o,
                int seq_q, int seq_k, int group, int left, int right, int bottom_right, float scale,
                long long q_batch, long long q_head, long long q_row,
                long long k_batch, long long k_head, long long k_row,
                long long v_batch, long long v_head, long long v_row,
                long long o_batch, long long o_head, long long o_row)
{
    constexpr int MINE = (D / 2 + 31) / 32;  // pairs of a lane
    const Part<T> part = part_of_block(q, k, v, cu_q, cu_k, o, seq_q, seq_k, group, left, right, bottom_right,
                                       {q_batch, q_head, q_row}, {k_batch, k_head, k_row},
                                       {v_batch, v_head, v_row}, {o_batch, o_head, o_row});
    const int lane = threadIdx.x % 32;
    const int row = blockIdx.x * WARPS + threadIdx.x / 32;
    if (row >= part.seq_q)
        return;  // a whole warp at once, and nothing below waits for the block

    float2 mine[MINE];
    float2 acc[MINE] = {};
    for (int e = 0; e < MINE; ++e)
        mine[e] = pair<D>(part.q + row * q_row, 32 * e + lane);

    float m = -CUDART_INF_F;
    float l = 0.0f;
    const int end = part.end_of_keys(row);
    for (int key = part.first_key(row); key < end; ++key) {
        float product = 0.0f;
        for (int e = 0; e < MINE; ++e) {
            const float2 b = pair<D>(part.k + key * k_row, 32 * e + lane);
            product = fmaf(mine[e].x, b.x, fmaf(mine[e].y, b.y, product));
        }
        const float s = scale * reduce_sum(product);

        const float m_new = fmaxf(m, s);
        // A score of -inf before any other leaves m_new at -inf, and -inf - -inf is NaN: it weighs nothing.
        const float rescale = m_new == -CUDART_INF_F ? 1.0f : __expf(m - m_new);
        const float p = m_new == -CUDART_INF_F ? 0.0f : __expf(s - m_new);
        l = fmaf(l, rescale, p);
        m = m_new;
        for (int e = 0; e < MINE; ++e) {
            const float2 c = pair<D>(part.v + key * v_row, 32 * e + lane);
            acc[e].x = fmaf(p, c.x, acc[e].x * rescale);
            acc[e].y = fmaf(p, c.y, acc[e].y * rescale);
        }
    }
    const float norm = l > 0.0f ? 1.0f / l : 0.0f;
    auto out = reinterpret_cast<Pair<T>*>(part.o + row * o_row);
    for (int e = 0; e < MINE; ++e)
        if (32 * e + lane < D / 2)
            out[32 * e + lane] = narrow<T>(acc[e].x * norm, acc[e].y * norm);
}
