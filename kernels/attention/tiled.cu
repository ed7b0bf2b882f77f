// Attention forward, tiled: FlashAttention's blocking with online softmax (Dao et al. 2022, alg. 1), without
// tensor cores. What it adds to naive.cu: keys and values are brought into shared memory once for all the
// rows of a block, and 32 scores are computed side by side, so that the softmax is updated once a tile of
// 32 keys and not once a key. The price: 9,344 bytes of shared memory and two barriers a tile.
//
// One thread block takes one head of one batch entry and WARPS query rows, one warp a row. It walks the
// keys in tiles of 32, which all its warps share:
//   scores   lane j has key j of the tile: s_j = scale * (q . k_j), so 32 dot products run side by side;
//   softmax  the row's running maximum m and sum l are updated once a tile, and what was accumulated
//            before is rescaled by exp(m_old - m_new);
//   values   lane j has the output's elements j and j + 32: o += p_t * v_t for the tile's 32 keys, p_t
//            handed round by a shuffle.
// Scores are never written to global memory.
//
// Shared memory: a lane reads K by row (its key) and V by column (its output element). Rows of K are
// padded by one 32-bit word: with a pitch of D/2 + 1 words, 32 lanes reading the same column of 32 rows
// meet 32 different banks. Two halves are read at a time, so the pitch must stay even in halves.
//
// Contract: q is (batch, heads, seq_q, D), k and v are (batch, heads, seq_k, D), o is as q, all fp16,
// the last dimension contiguous, the other strides given in elements and even (two halves are read at
// once); scale is multiplied to the scores; with causal != 0 query i sees the keys up to
// i + seq_k - seq_q (aligned at the bottom right). A row that sees no key comes out as zeros.
// blockDim.x = 32 * WARPS; grid = (ceil(seq_q / WARPS), heads, batch). Sums are kept in float32.

#include <cuda_fp16.h>
#include <math_constants.h>

#include "warp.cuh"

constexpr int WARPS = 4;
constexpr int TILE = 32;  // keys a tile: one for each lane

struct Strides {
    long long batch, head, row;
};

template <int D>
__device__ void attention(const __half* q, const __half* k, const __half* v, __half* o, int seq_q, int seq_k,
                          Strides at_q, Strides at_k, Strides at_v, Strides at_o, float scale, int causal)
{
    static_assert(D % 32 == 0, "a lane holds D / 32 elements of the output");
    constexpr int PAIRS = D / 2;
    __shared__ __half2 tile_k[TILE][PAIRS + 1];
    __shared__ __half2 tile_v[TILE][PAIRS];
    __shared__ float2 row_q[WARPS][PAIRS];

    const int warp = threadIdx.x / 32;
    const int lane = threadIdx.x % 32;
    const int row = blockIdx.x * WARPS + warp;
    // A warp beyond the last row has nothing to compute, but must stay for the block's barriers.
    const bool live = row < seq_q;
    q += blockIdx.z * at_q.batch + blockIdx.y * at_q.head + row * at_q.row;
    k += blockIdx.z * at_k.batch + blockIdx.y * at_k.head;
    v += blockIdx.z * at_v.batch + blockIdx.y * at_v.head;
    o += blockIdx.z * at_o.batch + blockIdx.y * at_o.head + row * at_o.row;

    // The whole row of q for all lanes: each lane's dot product runs over all D elements, not over its own.
    for (int p = lane; p < PAIRS; p += 32)
        row_q[warp][p] = live ? __half22float2(reinterpret_cast<const __half2*>(q)[p]) : make_float2(0.0f, 0.0f);

    const int seen = causal ? row + seq_k - seq_q + 1 : seq_k;  // keys this row sees; may be <= 0
    // The tiles of the block's last row cover those of all its rows: the loop must be the same for all warps.
    const int last_row = min(static_cast<int>(blockIdx.x) * WARPS + WARPS, seq_q) - 1;
    const int keys = causal ? min(seq_k, last_row + seq_k - seq_q + 1) : seq_k;

    float m = -CUDART_INF_F;
    float l = 0.0f;
    float acc[D / 32] = {};
    for (int first = 0; first < keys; first += TILE) {
        __syncthreads();  // nobody still reads the tile before (and, at first, q's rows are written)
        for (int i = threadIdx.x; i < TILE * PAIRS; i += 32 * WARPS) {
            const int key = i / PAIRS;
            const int p = i % PAIRS;
            const bool there = first + key < seq_k;
            const __half2 zero = __float2half2_rn(0.0f);  // 0 * garbage may be NaN: rows beyond the end are zeros
            const long long offset = first + key;
            tile_k[key][p] = there ? reinterpret_cast<const __half2*>(k + offset * at_k.row)[p] : zero;
            tile_v[key][p] = there ? reinterpret_cast<const __half2*>(v + offset * at_v.row)[p] : zero;
        }
        __syncthreads();

        float s = 0.0f;
        for (int p = 0; p < PAIRS; ++p) {
            const float2 a = row_q[warp][p];
            const float2 b = __half22float2(tile_k[lane][p]);
            s = fmaf(a.x, b.x, fmaf(a.y, b.y, s));
        }
        const int key = first + lane;
        s = key < seq_k && key < seen ? s * scale : -CUDART_INF_F;

        const float m_new = fmaxf(m, reduce_max(s));
        // Where the row has seen no key yet, m_new is -inf and -inf - -inf is NaN: there is nothing to rescale.
        const float rescale = m_new == -CUDART_INF_F ? 1.0f : __expf(m - m_new);
        const float p = m_new == -CUDART_INF_F ? 0.0f : __expf(s - m_new);
        l = l * rescale + reduce_sum(p);
        m = m_new;
        const __half* values = reinterpret_cast<const __half*>(tile_v);
        for (int e = 0; e < D / 32; ++e)
            acc[e] *= rescale;
        for (int t = 0; t < TILE; ++t) {
            const float weight = __shfl_sync(ALL, p, t);
            for (int e = 0; e < D / 32; ++e)
                acc[e] = fmaf(weight, __half2float(values[t * D + e * 32 + lane]), acc[e]);
        }
    }
    if (!live)
        return;
    const float norm = l > 0.0f ? 1.0f / l : 0.0f;
    for (int e = 0; e < D / 32; ++e)
        o[e * 32 + lane] = __float2half_rn(acc[e] * norm);
}

extern "C" __global__ void __launch_bounds__(32 * WARPS)
attention_tiled_d64(const __half* q, const __half* k, const __half* v, __half* o, int seq_q, int seq_k,
                     long long q_batch, long long q_head, long long q_row,
                     long long k_batch, long long k_head, long long k_row,
                     long long v_batch, long long v_head, long long v_row,
                     long long o_batch, long long o_head, long long o_row, float scale, int causal)
{
    attention<64>(q, k, v, o, seq_q, seq_k, {q_batch, q_head, q_row}, {k_batch, k_head, k_row},
                  {v_batch, v_head, v_row}, {o_batch, o_head, o_row}, scale, causal);
}
