// Attention forward on tensor cores: FlashAttention-2 (Dao 2023, alg. 1). What it adds to pipelined.cu: both
// products are mma.sync, and the scores never leave the registers. Values are on their way (cp.async) while scores
// and weights are computed, the next tile's keys while values are added up.
//
// A block has 128 query rows, each of its 4 warps 32 of them, and walks over tiles of 64 keys:
//   scores   S = Q K^T: a row of K is a column of K^T, as mma wants its B;
//   softmax  a row lies in one quad of lanes, so that its maximum takes two shuffles; exponents to base 2, the scale
//            and log2(e) in one factor, which one multiply-add applies as it subtracts the maximum; where m grows,
//            what was accumulated is rescaled;
//   value    O += P V: the accumulator of S is laid out as the A of the next product, so that P needs no
//            shuffle, only rounding to 16 bits; V is transposed by ldmatrix on its way into registers.
// Each part of K or V that is brought into registers serves two products, of 16 rows each: with one, shared memory
// would stop an H100 at half of its tensor cores' peak. docs/attention-tensor-core.md counts what limits what.
// A warp leaves out tiles of which its rows see nothing, and masks only those of which they do not see all. Of a causal
// problem the last rows have most to do: they are begun first, of all heads, so that the last blocks are short ones.
// The price: up to 255 registers a thread, so that two blocks fit on a multiprocessor; and shared memory for Q, a
// tile of K and one of V, 36,864 bytes at D = 64 and 69,632 at D = 128.
// A row of a tile takes 8 numbers more than it has, 72 instead of 64: 144 bytes are 4 banks beyond a full turn, so
// that the 8 rows which ldmatrix reads at once lie in different banks; so do they at the other D. mma sums over 16
// dimensions at a time: of D = 40 the last 8 are zeros in shared memory.
//
// Contract: problem.cuh, with D = 40, 64, 96 or 128. Launch: grid = (heads, batch, ceil(longest seq_q / 128)).

#include <math_constants.h>

#include "exp2.cuh"
#include "mma.cuh"
#include "problem.cuh"
#include "warp.cuh"

constexpr int WARPS = 4;
constexpr int FRAGMENTS = 2;               // of 16 rows, a warp's
constexpr int OF_WARP = 16 * FRAGMENTS;    // queries of a warp
constexpr int ROWS = OF_WARP * WARPS;      // of a block
constexpr int KEYS = 64;                   // of a tile
constexpr float LOG2E = 1.4426950408889634f;

template <int D, typename T, int COUNT>
struct Tile {
    static constexpr int DEPTH = (D + 15) / 16 * 16;
    T at[COUNT][DEPTH + 8];
};

// Rows first .. first + COUNT - 1 of a (count, D) matrix, as far as there are any; zeros beyond, and beyond D: a
// product of zero with what lay in shared memory before could be NaN. A thread copies the same columns of every
// STEP-th row, so that little but a stride has to be added. Eight lanes write at once, to 8 chunks of one row, 4 of
// rows r and r + 4, or 2 of every second row: these meet different banks.
template <int D, typename T, int COUNT>
__device__ void fetch(Tile<D, T, COUNT>& to, const T* from, long long stride, int first, int count)
{
    constexpr int DEPTH = Tile<D, T, COUNT>::DEPTH;
    constexpr int CHUNKS = DEPTH / 8;  // of 16 bytes
    constexpr int WIDE = CHUNKS % 8 == 0 ? 8 : CHUNKS % 4 == 0 ? 4 : 2;
    constexpr int STEP = 32 * WARPS / WIDE;  // rows at once
    const int i = threadIdx.x / WIDE;
    const int row = i / 8 * 8 + i % (8 / WIDE) * WIDE + i % 8 / (8 / WIDE);
    const int at = threadIdx.x % WIDE * 8;
    const T* mine = from + (first + row) * stride + at;
    for (int n = 0; n < COUNT; n += STEP)
        for (int c = 0; c < DEPTH; c += WIDE * 8) {
            const bool there = first + row + n < count && (D == DEPTH || at + c < D);
            copy_16(&to.at[row + n][at + c], there ? mine + n * stride + c : from, there);
        }
}

template <int D, typename T>
__global__ void __launch_bounds__(32 * WARPS)
attention_tensor_core(const T* q, const T* k, const T* v, const int* cu_q, const int* cu_k, T* o,
                      int seq_q, int seq_k, int group, int left, int right, int bottom_right, float scale,
                      long long q_batch, long long q_head, long long q_row,
                      long long k_batch, long long k_head, long long k_row,
                      long long v_batch, long long v_head, long long v_row,
                      long long o_batch, long long o_head, long long o_row)
{
    constexpr int DEPTH = Tile<D, T, KEYS>::DEPTH;
    extern __shared__ float4 shared[];
    auto& queries = *reinterpret_cast<Tile<D, T, ROWS>*>(shared);
    auto& keys = *reinterpret_cast<Tile<D, T, KEYS>*>(&queries + 1);
    auto& values = *reinterpret_cast<Tile<D, T, KEYS>*>(&keys + 1);
    const Part<T> part = part_of(blockIdx.y, blockIdx.x, q, k, v, cu_q, cu_k, o, seq_q, seq_k, group, left, right,
                                 bottom_right, {q_batch, q_head, q_row}, {k_batch, k_head, k_row},
                                 {v_batch, v_head, v_row}, {o_batch, o_head, o_row});
    const int lane = threadIdx.x % 32;
    const int of_warp = threadIdx.x / 32 * OF_WARP;  // its rows in the block
    const int first_row = (gridDim.z - 1 - blockIdx.z) * ROWS;
    if (first_row >= part.seq_q)
        return;  // all of the block: sequences may be of different lengths
    const int last_row = min(first_row + ROWS, part.seq_q) - 1;
    const int begin = part.first_key(first_row) / KEYS * KEYS;  // all that any row of the block sees
    const int end = part.end_of_keys(last_row);
    const int top = first_row + of_warp;  // the warp's first row, and its last
    const int bottom = min(top + OF_WARP, part.seq_q) - 1;

    fetch(queries, part.q, q_row, first_row, part.seq_q);
    if (begin < end)
        fetch(keys, part.k, k_row, begin, part.seq_k);
    commit();

    float m[FRAGMENTS][2];  // of the scores before they are scaled; of rows lane / 4 of a fragment, and 8 further down
    float l[FRAGMENTS][2] = {};  // this lane's part of the row's sum
    float acc[FRAGMENTS][DEPTH / 8][4] = {};
    for (int f = 0; f < FRAGMENTS; ++f)
        m[f][0] = m[f][1] = -CUDART_INF_F;
    const float to_base_2 = scale * LOG2E;

    for (int first = begin; first < end; first += KEYS) {
        wait<0>();
        __syncthreads();  // every thread's part of the keys has arrived (and of Q); all have read the values before
        fetch(values, part.v, v_row, first, part.seq_k);
        commit();

        // The same for all lanes of a warp.
        const bool seen = top <= bottom && first < part.end_of_keys(bottom) && first + KEYS > part.first_key(top);
        float s[FRAGMENTS][KEYS / 8][4] = {};
        if (seen) {
            for (int d = 0; d < DEPTH / 16; ++d) {
                unsigned a[FRAGMENTS][4];
                for (int f = 0; f < FRAGMENTS; ++f)
                    load_matrices(a[f], &queries.at[of_warp + f * 16 + lane % 16][d * 16 + lane / 16 * 8]);
                for (int n = 0; n < KEYS / 16; ++n) {
                    unsigned b[4];  // keys 0-7 with dimensions 0-7 and 8-15, then keys 8-15
                    load_matrices(b, &keys.at[n * 16 + lane % 8 + lane / 16 * 8][d * 16 + lane / 8 % 2 * 8]);
                    for (int f = 0; f < FRAGMENTS; ++f) {
                        multiply<T>(s[f][2 * n], a[f], b[0], b[1]);
                        multiply<T>(s[f][2 * n + 1], a[f], b[2], b[3]);
                    }
                }
            }

            // A scale below zero would make the largest score the smallest, and zero times -inf is NaN.
            const bool usual = to_base_2 > 0.0f;
            const float factor = usual ? to_base_2 : 1.0f;
            if (!usual)
                for (int f = 0; f < FRAGMENTS; ++f)
                    for (int n = 0; n < KEYS / 8; ++n)
                        for (int i = 0; i < 4; ++i)
                            s[f][n][i] *= to_base_2;
            if (first < part.first_key(bottom) || first + KEYS > part.end_of_keys(top))
                for (int f = 0; f < FRAGMENTS; ++f)
                    for (int half = 0; half < 2; ++half) {
                        const int row = top + f * 16 + lane / 4 + 8 * half;
                        const int key = first + lane % 4 * 2;  // this lane's first
                        const int from = part.first_key(row) - key;
                        const int to = part.end_of_keys(row) - key;
                        for (int n = 0; n < KEYS / 8; ++n)
                            for (int j = 0; j < 2; ++j)
                                if (n * 8 + j < from || n * 8 + j >= to)
                                    s[f][n][2 * half + j] = -CUDART_INF_F;
                    }
#pragma unroll  // or s and acc would be indexed at run time, and lie in memory
            for (int f = 0; f < FRAGMENTS; ++f)
#pragma unroll
                for (int half = 0; half < 2; ++half) {
                    float highest = m[f][half];
                    for (int n = 0; n < KEYS / 8; ++n)
                        highest = fmaxf(highest, fmaxf(s[f][n][2 * half], s[f][n][2 * half + 1]));
                    const float m_new = of_quad_max(highest);
                    // Nothing but -inf so far: -inf - -inf is NaN, and 2^(-inf - 0) the zero that is meant.
                    const float base = m_new == -CUDART_INF_F ? 0.0f : m_new * factor;
                    const float rescale = exp2_or_zero(fmaf(m[f][half], factor, -base));
                    float sum = 0.0f;
                    for (int n = 0; n < KEYS / 8; ++n)
                        for (int j = 0; j < 2; ++j) {
                            float& weight = s[f][n][2 * half + j];
                            weight = exp2_or_zero(fmaf(weight, factor, -base));
                            sum += weight;
                        }
                    for (int n = 0; n < DEPTH / 8; ++n)
                        for (int j = 0; j < 2; ++j)
                            acc[f][n][2 * half + j] *= rescale;
                    l[f][half] = fmaf(l[f][half], rescale, sum);
                    m[f][half] = m_new;
                }
        }

        wait<0>();
        __syncthreads();  // every thread's part of the values has arrived; all have read the keys
        if (first + KEYS < end)
            fetch(keys, part.k, k_row, first + KEYS, part.seq_k);
        commit();
        if (seen)
            for (int n = 0; n < KEYS / 16; ++n) {
                unsigned a[FRAGMENTS][4];
                for (int f = 0; f < FRAGMENTS; ++f)
                    for (int i = 0; i < 4; ++i)
                        a[f][i] = pack<T>(s[f][2 * n + i / 2][i % 2 * 2], s[f][2 * n + i / 2][i % 2 * 2 + 1]);
                for (int d = 0; d < DEPTH / 16; ++d) {
                    unsigned b[4];  // dimensions 0-7 of keys 0-7 and 8-15, then dimensions 8-15
                    load_transposed(b, &values.at[n * 16 + lane % 16][d * 16 + lane / 16 * 8]);
                    for (int f = 0; f < FRAGMENTS; ++f) {
                        multiply<T>(acc[f][2 * d], a[f], b[0], b[1]);
                        multiply<T>(acc[f][2 * d + 1], a[f], b[2], b[3]);
                    }
                }
            }
    }

    T* out = output_of(blockIdx.y, blockIdx.x, cu_q, o, {o_batch, o_head, o_row});
#pragma unroll
    for (int f = 0; f < FRAGMENTS; ++f)
        for (int half = 0; half < 2; ++half) {
            const float total = of_quad_sum(l[f][half]);
            const float norm = total > 0.0f ? 1.0f / total : 0.0f;
            const int at = top + f * 16 + lane / 4 + 8 * half;
            if (at <= bottom)
                for (int n = 0; n < D / 8; ++n)
                    *reinterpret_cast<Pair<T>*>(out + at * o_row + n * 8 + lane % 4 * 2) =
                        narrow<T>(acc[f][n][2 * half] * norm, acc[f][n][2 * half + 1] * norm);
        }
}
