// Attention forward on tensor cores: FlashAttention-2 (Dao 2023, alg. 1). What it adds to pipelined.cu: both
// products are mma.sync, and the scores never leave the registers. Keys and values have two stages each, so that
// a whole tile is on its way (cp.async) while the one before is worked on.
//
// A block has 64 query rows, each of its 4 warps 16 of them, and walks over tiles of 64 keys:
//   scores   S = Q K^T: Q stays in registers for good; a row of K is a column of K^T, as mma wants its B;
//   softmax  a row lies in one quad of lanes, so that its maximum takes two shuffles; exponents to base 2,
//            the scale and log2(e) in one factor; where m grows, what was accumulated is rescaled;
//   value    O += P V: the accumulator of S is laid out as the A of the next product, so that P needs no
//            shuffle, only rounding to 16 bits; V is transposed by ldmatrix on its way into registers.
// The price: two stages of K and V in shared memory, 36,864 bytes at D = 64 and 69,632 at D = 128, and
// at most 168 registers a thread at D = 64, at most 224 at D = 128.
// A row of a tile takes 8 numbers more than it has, 72 instead of 64: 144 bytes are 4 banks beyond a full turn, so
// that the 8 rows which ldmatrix reads at once lie in different banks; so do they at the other D. mma sums over 16
// dimensions at a time: of D = 40 the last 8 are zeros in shared memory.
//
// Contract: problem.cuh, with D = 40, 64, 96 or 128.

#include <math_constants.h>

#include "exp2.cuh"
#include "mma.cuh"
#include "problem.cuh"
#include "warp.cuh"

constexpr int ROWS = 64;   // queries of a block
constexpr int KEYS = 64;   // keys of a tile
constexpr int WARPS = 4;
constexpr float LOG2E = 1.4426950408889634f;

template <int D, typename T>
struct Tile {
    static constexpr int DEPTH = (D + 15) / 16 * 16;
    T at[KEYS][DEPTH + 8];
};

// Rows first .. first + 63 of a (count, D) matrix, as far as there are any; zeros beyond, and beyond D: a product of
// zero with what lay in shared memory before could be NaN. Eight lanes write at once: to a whole stretch of one row
// where its chunks are a multiple of 8, else to two chunks of every second row, for these meet different banks too.
template <int D, typename T>
__device__ void fetch(Tile<D, T>& to, const T* from, long long stride, int first, int count)
{
    constexpr int CHUNKS = Tile<D, T>::DEPTH / 8;  // of 16 bytes
    constexpr int WIDE = CHUNKS % 8 == 0 ? CHUNKS : 2;
    for (int i = threadIdx.x; i < KEYS * CHUNKS; i += 32 * WARPS) {
        const int r = i / WIDE % KEYS;
        const int row = WIDE == 2 ? r / 8 * 8 + r % 4 * 2 + r / 4 % 2 : r;
        const int at = (i / (WIDE * KEYS) * WIDE + i % WIDE) * 8;
        const bool there = first + row < count && at < D;
        copy_16(&to.at[row][at], there ? from + (first + row) * stride + at : from, there);
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
    constexpr int DEPTH = Tile<D, T>::DEPTH;
    extern __shared__ float4 shared[];
    const auto keys = reinterpret_cast<Tile<D, T>*>(shared);  // two stages
    const auto values = keys + 2;                             // likewise
    const Part<T> part = part_of_block(q, k, v, cu_q, cu_k, o, seq_q, seq_k, group, left, right, bottom_right,
                                       {q_batch, q_head, q_row}, {k_batch, k_head, k_row},
                                       {v_batch, v_head, v_row}, {o_batch, o_head, o_row});
    const int lane = threadIdx.x % 32;
    const int warp = threadIdx.x / 32;
    const int first_row = blockIdx.x * ROWS;
    const int row = first_row + warp * 16 + lane / 4;  // this lane's rows are row and row + 8
    if (first_row >= part.seq_q)
        return;  // all of the block: sequences may be of different lengths
    const int last_row = min(first_row + ROWS, part.seq_q) - 1;
    const int begin = part.first_key(first_row) / KEYS * KEYS;  // all that any row of the block sees
    const int end = part.end_of_keys(last_row);

    // Q takes the place of the second stage of keys until it is in registers.
    fetch(keys[1], part.q, q_row, first_row, part.seq_q);
    commit();
    if (begin < end) {
        fetch(keys[0], part.k, k_row, begin, part.seq_k);
        fetch(values[0], part.v, v_row, begin, part.seq_k);
    }
    commit();
    wait<1>();
    __syncthreads();  // Q has arrived, every thread's part of it
    unsigned a_q[DEPTH / 16][4];
    for (int d = 0; d < DEPTH / 16; ++d)
        load_matrices(a_q[d], &keys[1].at[warp * 16 + lane % 16][d * 16 + lane / 16 * 8]);
    __syncthreads();  // Q has been read by all before the second tile of keys overwrites it

    float m[2] = {-CUDART_INF_F, -CUDART_INF_F};
    float l[2] = {0.0f, 0.0f};  // this lane's part of the row's sum
    float acc[DEPTH / 8][4] = {};
    const float to_base_2 = scale * LOG2E;

    int stage = 0;
    for (int first = begin; first < end; first += KEYS) {
        if (first + KEYS < end) {
            fetch(keys[1 - stage], part.k, k_row, first + KEYS, part.seq_k);
            fetch(values[1 - stage], part.v, v_row, first + KEYS, part.seq_k);
        }
        commit();         // empty in the last turn, so that the count of groups is the same in each
        wait<1>();        // all but the newest group: this tile
        __syncthreads();  // every thread's part of it

        float s[KEYS / 8][4] = {};
        for (int n = 0; n < KEYS / 16; ++n)
            for (int d = 0; d < DEPTH / 16; ++d) {
                unsigned b[4];  // keys 0-7 with dimensions 0-7 and 8-15, then keys 8-15
                load_matrices(b, &keys[stage].at[n * 16 + lane % 8 + lane / 16 * 8][d * 16 + lane / 8 % 2 * 8]);
                multiply<T>(s[2 * n], a_q[d], b[0], b[1]);
                multiply<T>(s[2 * n + 1], a_q[d], b[2], b[3]);
            }

        // Most tiles are seen whole by all rows of the block, and need no mask.
        const bool whole = first >= part.first_key(last_row) && first + KEYS <= part.end_of_keys(first_row);
        for (int half = 0; half < 2; ++half) {  // of the fragment: row, then row + 8
            for (int n = 0; n < KEYS / 8; ++n)
                for (int j = 0; j < 2; ++j)
                    s[n][2 * half + j] *= to_base_2;
            if (!whole)
                for (int n = 0; n < KEYS / 8; ++n)
                    for (int j = 0; j < 2; ++j) {
                        const int key = first + lane % 4 * 2 + n * 8 + j;
                        if (key < part.first_key(row + 8 * half) || key >= part.end_of_keys(row + 8 * half))
                            s[n][2 * half + j] = -CUDART_INF_F;
                    }
            float highest = -CUDART_INF_F;
            for (int n = 0; n < KEYS / 8; ++n)
                highest = fmaxf(highest, fmaxf(s[n][2 * half], s[n][2 * half + 1]));
            const float m_new = fmaxf(m[half], of_quad_max(highest));
            // Nothing but -inf so far: -inf - -inf is NaN, and 2^(-inf - 0) the zero that is meant.
            const float base = m_new == -CUDART_INF_F ? 0.0f : m_new;
            const float rescale = exp2_or_zero(m[half] - base);
            float sum = 0.0f;
            for (int n = 0; n < KEYS / 8; ++n)
                for (int j = 0; j < 2; ++j) {
                    float& weight = s[n][2 * half + j];
                    weight = exp2_or_zero(weight - base);
                    sum += weight;
                }
            for (int n = 0; n < DEPTH / 8; ++n)
                for (int j = 0; j < 2; ++j)
                    acc[n][2 * half + j] *= rescale;
            l[half] = fmaf(l[half], rescale, sum);
            m[half] = m_new;
        }

        for (int n = 0; n < KEYS / 16; ++n) {
            const unsigned a_p[4] = {pack<T>(s[2 * n][0], s[2 * n][1]), pack<T>(s[2 * n][2], s[2 * n][3]),
                                     pack<T>(s[2 * n + 1][0], s[2 * n + 1][1]), pack<T>(s[2 * n + 1][2], s[2 * n + 1][3])};
            for (int d = 0; d < DEPTH / 16; ++d) {
                unsigned b[4];  // dimensions 0-7 of keys 0-7 and 8-15, then dimensions 8-15
                load_transposed(b, &values[stage].at[n * 16 + lane % 16][d * 16 + lane / 16 * 8]);
                multiply<T>(acc[2 * d], a_p, b[0], b[1]);
                multiply<T>(acc[2 * d + 1], a_p, b[2], b[3]);
            }
        }
        __syncthreads();  // all have read this stage before the next turn's fetch overwrites it
        stage = 1 - stage;
    }

    for (int half = 0; half < 2; ++half) {
        const float total = of_quad_sum(l[half]);
        const float norm = total > 0.0f ? 1.0f / total : 0.0f;
        const int at = row + 8 * half;
        if (at < part.seq_q)
            for (int n = 0; n < D / 8; ++n)
                *reinterpret_cast<Pair<T>*>(part.o + at * o_row + n * 8 + lane % 4 * 2) =
                    narrow<T>(acc[n][2 * half] * norm, acc[n][2 * half + 1] * norm);
    }
}
