// Attention backward: FlashAttention-2 (Dao 2023, alg. 2) in two passes instead of one with atomics. With
//   P = exp(S - L), S = scale Q K^T, L the logarithm of a row's sum of exp(S) as the forward pass left it,
// the weights come back without a maximum or a sum, and
//   dV = P^T dO,   dP = dO V^T,   dS = P (dP - delta),   delta = the sum over a row of dO O,
//   dQ = scale dS K,   dK = scale dS^T Q.
// The paper's loop over keys adds to dQ from many blocks at once, whose order nobody knows. Here dQ has a pass of its
// own, which computes P and dP once more: two more products of five, and the same bits each time.
//
// Both passes are one function. A warp has one row of its own, and walks over the rows of the other side in tiles
// of 32, one a lane:
//                  own row      the other side    adds to its row
//   dQ pass        q_i, dO_i    k_j, v_j          dS_ij k_j
//   dK, dV pass    k_j, v_j     q_i, dO_i         dS_ij q_i and P_ij dO_i
// since S_ij = q_i k_j and dP_ij = dO_i v_j are the same products from either side. As in attention/tiled.cu, a lane
// reads the tile by row for the products and by column for the sums, so rows are padded by one word.
// The price: 2 (64 + 4) (D + 2) bytes of shared memory, and no tensor cores. Simple, not fast.
//
// Contract: q, k, v, o and dO are (batch * heads, seq, D), fp16 or bf16, contiguous, aligned to 4 bytes; lse and delta
// are (batch * heads, seq_q), float32, natural logarithm, -inf where a query sees no key; with causal != 0 query i
// sees the keys up to i + seq_k - seq_q. Launches of 128 threads, in this order:
//   delta    grid = (ceil(seq_q / 128), batch * heads)
//   queries  grid = (ceil(seq_q / 4), batch * heads), writes dQ
//   keys     grid = (ceil(seq_k / 4), batch * heads), writes dK and dV

#include <math_constants.h>

#include "exp2.cuh"
#include "pairs.cuh"
#include "warp.cuh"

constexpr int WARPS = 4;
constexpr int TILE = 32;  // rows of the other side: one for each lane
constexpr float LOG2E = 1.4426950408889634f;

// The next two products of a row and another.
template <typename T>
__device__ float add_pair(float sum, Pair<T> a, Pair<T> b)
{
    const float2 x = widen(a);
    const float2 y = widen(b);
    return fmaf(x.x, y.x, fmaf(x.y, y.y, sum));
}

// One row a thread, added up in the order in which the passes add up dP: where a query sees a single key, o is v,
// dP equals delta to the last bit, and dS is the zero that it should be.
template <int D, typename T>
__global__ void __launch_bounds__(32 * WARPS) attention_backward_delta(const T* o, const T* d_o, float* delta, int seq_q)
{
    const int row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= seq_q)
        return;
    const long long at = static_cast<long long>(blockIdx.y) * seq_q + row;
    float sum = 0.0f;
    for (int p = 0; p < D / 2; ++p)
        sum = add_pair<T>(sum, reinterpret_cast<const Pair<T>*>(o + at * D)[p], reinterpret_cast<const Pair<T>*>(d_o + at * D)[p]);
    delta[at] = sum;
}

// A side of the product S: first the operand of S, then that of dP.
template <typename T>
struct Side {
    const T* score;
    const T* value;
    int rows;
};

// What a warp adds up for its row: of dS with the other side's first operand, of P with its second.
template <int D>
struct Sums {
    float of_scores[D / 32];
    float of_weights[D / 32];
};

// One pass for one row a warp; `row` may lie beyond the end. QUERIES: the own rows are queries, else keys.
template <bool QUERIES, int D, typename T>
__device__ Sums<D> pass(Side<T> own, Side<T> other, const float* lse, const float* delta, int row, int shift, bool causal,
                        float scale)
{
    static_assert(D % 32 == 0, "a lane adds up D / 32 elements");
    constexpr int PAIRS = D / 2;
    __shared__ Pair<T> tile_score[TILE][PAIRS + 1];
    __shared__ Pair<T> tile_value[TILE][PAIRS + 1];
    __shared__ Pair<T> row_score[WARPS][PAIRS + 1];
    __shared__ Pair<T> row_value[WARPS][PAIRS + 1];

    const int warp = threadIdx.x / 32;
    const int lane = threadIdx.x % 32;
    const Pair<T> zero = narrow<T>(0.0f, 0.0f);  // 0 * garbage may be NaN: rows beyond the end are zeros
    const bool live = row < own.rows;
    for (int p = lane; p < PAIRS; p += 32) {
        const long long at = static_cast<long long>(row) * PAIRS + p;
        row_score[warp][p] = live ? reinterpret_cast<const Pair<T>*>(own.score)[at] : zero;
        row_value[warp][p] = live ? reinterpret_cast<const Pair<T>*>(own.value)[at] : zero;
    }

    Sums<D> sums = {};
    for (int first = 0; first < other.rows; first += TILE) {
        __syncthreads();  // nobody still reads the tile before; at first, the own rows are there
        for (int i = threadIdx.x; i < TILE * PAIRS; i += 32 * WARPS) {
            const int r = i / PAIRS;
            const int p = i % PAIRS;
            const bool there = first + r < other.rows;
            const long long at = static_cast<long long>(first + r) * PAIRS + p;
            tile_score[r][p] = there ? reinterpret_cast<const Pair<T>*>(other.score)[at] : zero;
            tile_value[r][p] = there ? reinterpret_cast<const Pair<T>*>(other.value)[at] : zero;
        }
        __syncthreads();  // the tile is there

        const int query = QUERIES ? row : first + lane;
        const int key = QUERIES ? first + lane : row;
        float s = 0.0f;
        float d_p = 0.0f;
        for (int p = 0; p < PAIRS; ++p) {
            s = add_pair<T>(s, row_score[warp][p], tile_score[lane][p]);
            d_p = add_pair<T>(d_p, row_value[warp][p], tile_value[lane][p]);
        }
        // A query that sees no key has no weights: nothing is asked of its lse, which is -inf.
        const bool seen = live && first + lane < other.rows && (!causal || key <= query + shift);
        const float weight = seen ? exp2_or_zero((s * scale - lse[query]) * LOG2E) : 0.0f;
        const float d_s = seen ? weight * (d_p - delta[query]) * scale : 0.0f;
        for (int t = 0; t < TILE; ++t) {
            const float p_t = __shfl_sync(ALL, weight, t);
            const float d_t = __shfl_sync(ALL, d_s, t);
            const T* scores = reinterpret_cast<const T*>(tile_score[t]);
            const T* values = reinterpret_cast<const T*>(tile_value[t]);
            for (int e = 0; e < D / 32; ++e) {
                sums.of_scores[e] = fmaf(d_t, static_cast<float>(scores[e * 32 + lane]), sums.of_scores[e]);
                if (!QUERIES)
                    sums.of_weights[e] = fmaf(p_t, static_cast<float>(values[e * 32 + lane]), sums.of_weights[e]);
            }
        }
    }
    return sums;
}

template <int D, typename T>
__device__ void store(T* to, long long row, const float (&sums)[D / 32])
{
    for (int e = 0; e < D / 32; ++e)
        to[row * D + e * 32 + threadIdx.x % 32] = static_cast<T>(sums[e]);
}

template <int D, typename T>
__global__ void __launch_bounds__(32 * WARPS)
attention_backward_queries(const T* q, const T* k, const T* v, const T* d_o, const float* lse, const float* delta, T* d_q,
                           int seq_q, int seq_k, float scale, int causal)
{
    const long long head = blockIdx.y;
    const int row = blockIdx.x * WARPS + threadIdx.x / 32;
    const Sums<D> sums = pass<true, D, T>(
        {q + head * seq_q * D, d_o + head * seq_q * D, seq_q}, {k + head * seq_k * D, v + head * seq_k * D, seq_k},
        lse + head * seq_q, delta + head * seq_q, row, seq_k - seq_q, causal, scale);
    if (row < seq_q)
        store<D>(d_q, head * seq_q + row, sums.of_scores);
}

template <int D, typename T>
__global__ void __launch_bounds__(32 * WARPS)
attention_backward_keys(const T* q, const T* k, const T* v, const T* d_o, const float* lse, const float* delta, T* d_k,
                        T* d_v, int seq_q, int seq_k, float scale, int causal)
{
    const long long head = blockIdx.y;
    const int row = blockIdx.x * WARPS + threadIdx.x / 32;
    const Sums<D> sums = pass<false, D, T>(
        {k + head * seq_k * D, v + head * seq_k * D, seq_k}, {q + head * seq_q * D, d_o + head * seq_q * D, seq_q},
        lse + head * seq_q, delta + head * seq_q, row, seq_k - seq_q, causal, scale);
    if (row < seq_k) {
        store<D>(d_k, head * seq_k + row, sums.of_scores);
        store<D>(d_v, head * seq_k + row, sums.of_weights);
    }
}
