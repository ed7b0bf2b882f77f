// Attention forward, the simplest that never stores the scores: one warp a query row, keys one by one,
// with online softmax (Milakov and Gimelshein 2018; FlashAttention, Dao et al. 2022, builds on it).
// The first rung of the ladder: correct, and every later version is held to the same contract.
//
// A row of D = 64 halves is 32 pairs: lane j has elements 2 j and 2 j + 1 of q, of each key and value in
// turn, and of the output. For every key
//   score    s = scale * (q . k): a product of pairs in each lane, and a sum over the warp by shuffles;
//   softmax  m, the largest score so far, and l, the sum of exp(s - m) so far; when m grows, what was
//            accumulated before is rescaled by exp(m_old - m_new);
//   value    o += exp(s - m) * v, each lane its own pair.
// Nothing is shared between warps: no shared memory and no barrier. The price: five dependent shuffles a
// key, and each warp reads all keys and values for itself, so that a row of K is read seq_q times.
//
// Contract: q is (batch, heads, seq_q, 64), k and v are (batch, heads, seq_k, 64), o is as q, all fp16,
// the last dimension contiguous, the other strides given in elements and even, the pointers aligned to
// 4 bytes (two halves are read at once); scale is multiplied to the scores; with causal != 0 query i sees
// the keys up to i + seq_k - seq_q (aligned at the bottom right). A row that sees no key comes out as
// zeros. blockDim.x = 32 * WARPS; grid = (ceil(seq_q / WARPS), heads, batch). Sums are kept in float32.

#include <cuda_fp16.h>
#include <math_constants.h>

#include "warp.cuh"

constexpr int WARPS = 4;

struct Strides {
    long long batch, head, row;
};

// Where a lane's pair of a row begins, in this block's batch entry and head.
template <typename T>
__device__ T* pairs(T* base, Strides at, long long row, int lane)
{
    return base + blockIdx.z * at.batch + blockIdx.y * at.head + row * at.row + 2 * lane;
}

__device__ void attention(const __half* q, const __half* k, const __half* v, __half* o, int seq_q, int seq_k,
                          Strides at_q, Strides at_k, Strides at_v, Strides at_o, float scale, int causal)
{
    const int lane = threadIdx.x % 32;
    const int row = blockIdx.x * WARPS + threadIdx.x / 32;
    if (row >= seq_q)
        return;  // a whole warp at once, and nothing below waits for the block

    const float2 mine = __half22float2(*reinterpret_cast<const __half2*>(pairs(q, at_q, row, lane)));
    const int keys = causal ? min(seq_k, row + seq_k - seq_q + 1) : seq_k;  // may be <= 0

    float m = -CUDART_INF_F;
    float l = 0.0f;
    float2 acc = make_float2(0.0f, 0.0f);
    for (int key = 0; key < keys; ++key) {
        const float2 b = __half22float2(*reinterpret_cast<const __half2*>(pairs(k, at_k, key, lane)));
        const float s = scale * reduce_sum(fmaf(mine.x, b.x, mine.y * b.y));

        const float m_new = fmaxf(m, s);
        // A score of -inf before any other leaves m_new at -inf, and -inf - -inf is NaN: it weighs nothing.
        const float rescale = m_new == -CUDART_INF_F ? 1.0f : __expf(m - m_new);
        const float p = m_new == -CUDART_INF_F ? 0.0f : __expf(s - m_new);
        l = fmaf(l, rescale, p);
        m = m_new;

        const float2 c = __half22float2(*reinterpret_cast<const __half2*>(pairs(v, at_v, key, lane)));
        acc.x = fmaf(p, c.x, acc.x * rescale);
        acc.y = fmaf(p, c.y, acc.y * rescale);
    }
    const float norm = l > 0.0f ? 1.0f / l : 0.0f;
    *reinterpret_cast<__half2*>(pairs(o, at_o, row, lane)) = __floats2half2_rn(acc.x * norm, acc.y * norm);
}

extern "C" __global__ void __launch_bounds__(32 * WARPS)
attention_naive_d64(const __half* q, const __half* k, const __half* v, __half* o, int seq_q, int seq_k,
                    long long q_batch, long long q_head, long long q_row,
                    long long k_batch, long long k_head, long long k_row,
                    long long v_batch, long long v_head, long long v_row,
                    long long o_batch, long long o_head, long long o_row, float scale, int causal)
{
    attention(q, k, v, o, seq_q, seq_k, {q_batch, q_head, q_row}, {k_batch, k_head, k_row},
              {v_batch, v_head, v_row}, {o_batch, o_head, o_row}, scale, causal);
}
