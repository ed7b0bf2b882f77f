// Attention forward, tiled: FlashAttention's blocking with online softmax (Dao et al. 2022, alg. 1), without
// tensor cores. What it adds to naive.cu: keys and values are brought into shared memory once for all the
// rows of a block, and 32 scores are computed side by side, so that the softmax is updated once a tile of
// 32 keys and not once a key. The price: two barriers a tile, and shared memory: 9,344 bytes at D = 64.
//
// One thread block takes one head of one batch entry and WARPS query rows, one warp a row. It walks the
// keys in tiles of 32, which all its warps share:
//   scores   lane j has key j of the tile: s_j = scale * (q . k_j), so 32 dot products run side by side;
//   softmax  the row's running maximum m and sum l are updated once a tile, and what was accumulated
//            before is rescaled by exp(m_old - m_new);
//   values   lane j has the output's pair j of elements (in long rows also the pair 32 further on):
//            o += p_t * v_t for the tile's 32 keys, p_t handed round by a shuffle.
// Scores are never written to global memory.
//
// Shared memory: a lane reads K by row (its key) and V by column (its pair of the output). Rows of K are
// padded by one 32-bit word: D/2 is even, so with a pitch of D/2 + 1 words 32 lanes reading the same column
// of 32 rows meet 32 different banks.
//
// Contract: problem.cuh. A block has WARPS query rows.

#include <math_constants.h>

#include "problem.cuh"
#include "warp.cuh"

constexpr int WARPS = 4;
constexpr int TILE = 32;  // keys a tile: one for each lane

template <int D, typename T>
__global__ void __launch_bounds__(32 * WARPS)
attention_tiled(const T* q, const T* k, const T* v, const int* cu_q, const int* cu_k, T* o,
                int seq_q, int seq_k, int group, int left, int right, int bottom_right, float scale,
                long long q_batch, long long q_head, long long q_row,
                long long k_batch, long long k_head, long long k_row,
                long long v_batch, long long v_head, long long v_row,
                long long o_batch, long long o_head, long long o_row)
{
    constexpr int PAIRS = D / 2;
    constexpr int MINE = (PAIRS + 31) / 32;  // pairs of a lane
    __shared__ Pair<T> tile_k[TILE][PAIRS + 1];
    __shared__ Pair<T> tile_v[TILE][PAIRS];
    __shared__ float2 row_q[WARPS][PAIRS];
    const Part<T> part = part_of_block(q, k, v, cu_q, cu_k, o, seq_q, seq_k, group, left, right, bottom_right,
                                       {q_batch, q_head, q_row}, {k_batch, k_head, k_row},
                                       {v_batch, v_head, v_row}, {o_batch, o_head, o_row});

    const int warp = threadIdx.x / 32;
    const int lane = threadIdx.x % 32;
    const int first_row = blockIdx.x * WARPS;
    const int row = first_row + warp;
    if (first_row >= part.seq_q)
        return;  // all of the block: sequences may be of different lengths
    // A warp beyond the last row has nothing to compute, but must stay for the block's barriers.
    const bool live = row < part.seq_q;

    // The whole row of q for all lanes: each lane's dot product runs over all D elements, not over its own.
    for (int p = lane; p < PAIRS; p += 32)
        row_q[warp][p] = live ? widen(reinterpret_cast<const Pair<T>*>(part.q + row * q_row)[p]) : make_float2(0.0f, 0.0f);

    // The loop must be the same for all warps: from the first key of the block's first row to the last of its last.
    const int begin = part.first_key(first_row) / TILE * TILE;
    const int end = part.end_of_keys(min(first_row + WARPS, part.seq_q) - 1);

    float m = -CUDART_INF_F;
    float l = 0.0f;
    float2 acc[MINE] = {};
    for (int first = begin; first < end; first += TILE) {
        __syncthreads();  // nobody still reads the tile before (and, at first, q's rows are written)
        for (int t = warp; t < TILE; t += WARPS) {
            const long long key = first + t;
            const bool there = key < part.seq_k;
            const Pair<T> zero = narrow<T>(0.0f, 0.0f);  // 0 * garbage may be NaN: rows beyond the end are zeros
            for (int p = lane; p < PAIRS; p += 32) {
                tile_k[t][p] = there ? reinterpret_cast<const Pair<T>*>(part.k + key * k_row)[p] : zero;
                tile_v[t][p] = there ? reinterpret_cast<const Pair<T>*>(part.v + key * v_row)[p] : zero;
            }
        }
        __syncthreads();  // the tile is there, all warps' parts of it

        float s = 0.0f;
        for (int p = 0; p < PAIRS; ++p) {
            const float2 a = row_q[warp][p];
            const float2 b = widen(tile_k[lane][p]);
            s = fmaf(a.x, b.x, fmaf(a.y, b.y, s));
        }
        const int key = first + lane;
        s = key >= part.first_key(row) && key < part.end_of_keys(row) ? s * scale : -CUDART_INF_F;

        const float m_new = fmaxf(m, reduce_max(s));
        // Where the row has seen no key yet, m_new is -inf and -inf - -inf is NaN: there is nothing to rescale.
        const float rescale = m_new == -CUDART_INF_F ? 1.0f : __expf(m - m_new);
        const float weight = m_new == -CUDART_INF_F ? 0.0f : __expf(s - m_new);
        l = l * rescale + reduce_sum(weight);
        m = m_new;
        for (int e = 0; e < MINE; ++e) {
            acc[e].x *= rescale;
            acc[e].y *= rescale;
        }
        for (int t = 0; t < TILE; ++t) {
            const float p = __shfl_sync(ALL, weight, t);
            for (int e = 0; e < MINE; ++e)
                if (32 * e + lane < PAIRS) {
                    const float2 c = widen(tile_v[t][32 * e + lane]);
                    acc[e].x = fmaf(p, c.x, acc[e].x);
                    acc[e].y = fmaf(p, c.y, acc[e].y);
                }
        }
    }
    if (!live)
        return;
    const float norm = l > 0.0f ? 1.0f / l : 0.0f;
    auto out = reinterpret_cast<Pair<T>*>(part.o + row * o_row);
    for (int e = 0; e < MINE; ++e)
        if (32 * e + lane < PAIRS)
            out[32 * e + lane] = narrow<T>(acc[e].x * norm, acc[e].y * norm);
}
