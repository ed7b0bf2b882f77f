// Attention forward on tensor cores: FlashAttention-2 (Dao 2023, alg. 1). What it adds to tiled.cu: both
// products are mma.sync, the scores never leave the registers, and the next tile of keys and values is on
// its way (cp.async) while this one is worked on.
//
// A block has 64 query rows, each of its 4 warps 16 of them, and walks over tiles of 64 keys:
//   scores   S = Q K^T: Q stays in registers for good; a row of K is a column of K^T, as mma wants its B;
//   softmax  a row lies in one quad of lanes, so that its maximum takes two shuffles; exponents to base 2,
//            the scale and log2(e) in one factor; where m grows, what was accumulated is rescaled;
//   value    O += P V: the accumulator of S is laid out as the A of the next product, so that P needs no
//            shuffle, only rounding to fp16; V is transposed by ldmatrix on its way into registers.
// The price: 36,864 bytes of shared memory (two stages of K and V) and 128 to 150 registers a thread.
// A row of a tile takes 72 halves instead of 64: 144 bytes are 4 banks beyond a full turn, so that the 8 rows
// which ldmatrix reads at once lie in different banks.
//
// Contract: as naive.cu, but every row of q, k and v begins at a multiple of 16 bytes.
// blockDim.x = 128; grid = (ceil(seq_q / 64), heads, batch).

#include <cuda_fp16.h>
#include <math_constants.h>

#include "exp2.cuh"
#include "mma.cuh"

constexpr int D = 64;
constexpr int ROWS = 64;   // queries of a block
constexpr int KEYS = 64;   // keys of a tile
constexpr int WARPS = 4;
constexpr int PITCH = 72;  // halves from one row of a tile to the next
constexpr float LOG2E = 1.4426950408889634f;

using Tile = __half[KEYS][PITCH];

// Rows first .. first + 63 of a (count, 64) matrix, as far as there are any; zeros beyond: a product of zero
// with what lay in shared memory before could be NaN.
__device__ void fetch(Tile& to, const __half* from, long long stride, int first, int count)
{
    constexpr int CHUNKS = D / 8;  // of 16 bytes; 8 lanes take a row
    for (int i = threadIdx.x; i < KEYS * CHUNKS; i += 32 * WARPS) {
        const int row = i / CHUNKS;
        const int at = i % CHUNKS * 8;
        const bool there = first + row < count;
        copy_16(&to[row][at], from + (there ? first + row : 0) * stride + at, there);
    }
}

__device__ float of_quad_max(float v)
{
    v = fmaxf(v, __shfl_xor_sync(0xffffffffu, v, 1));
    return fmaxf(v, __shfl_xor_sync(0xffffffffu, v, 2));
}

__device__ float of_quad_sum(float v)
{
    v += __shfl_xor_sync(0xffffffffu, v, 1);
    return v + __shfl_xor_sync(0xffffffffu, v, 2);
}

extern "C" __global__ void __launch_bounds__(32 * WARPS)
attention_tensor_core_d64(const __half* q, const __half* k, const __half* v, __half* o, int seq_q, int seq_k,
                          long long q_batch, long long q_head, long long q_row,
                          long long k_batch, long long k_head, long long k_row,
                          long long v_batch, long long v_head, long long v_row,
                          long long o_batch, long long o_head, long long o_row, float scale, int causal)
{
    __shared__ alignas(16) Tile keys[2];
    __shared__ alignas(16) Tile values[2];
    q += blockIdx.z * q_batch + blockIdx.y * q_head;
    k += blockIdx.z * k_batch + blockIdx.y * k_head;
    v += blockIdx.z * v_batch + blockIdx.y * v_head;
    o += blockIdx.z * o_batch + blockIdx.y * o_head;

    const int lane = threadIdx.x % 32;
    const int warp = threadIdx.x / 32;
    const int first_row = blockIdx.x * ROWS;
    const int row = first_row + warp * 16 + lane / 4;  // this lane's rows are row and row + 8
    const int shift = seq_k - seq_q;                   // causal: row i sees keys up to i + shift
    const int last = causal ? min(seq_k, first_row + ROWS + shift) : seq_k;  // keys that any row of the block sees
    const int tiles = last > 0 ? (last + KEYS - 1) / KEYS : 0;
    const int limit[2] = {causal ? min(seq_k, row + shift + 1) : seq_k, causal ? min(seq_k, row + 8 + shift + 1) : seq_k};

    // Q takes the place of the second stage of keys until it is in registers.
    fetch(keys[1], q, q_row, first_row, seq_q);
    commit();
    if (tiles > 0) {
        fetch(keys[0], k, k_row, 0, seq_k);
        fetch(values[0], v, v_row, 0, seq_k);
    }
    commit();
    wait<1>();
    __syncthreads();  // Q has arrived, every thread's part of it
    unsigned a_q[D / 16][4];
    for (int d = 0; d < D / 16; ++d)
        load_matrices(a_q[d], &keys[1][warp * 16 + lane % 16][d * 16 + lane / 16 * 8]);
    __syncthreads();  // Q has been read by all before the second tile of keys overwrites it

    float m[2] = {-CUDART_INF_F, -CUDART_INF_F};
    float l[2] = {0.0f, 0.0f};  // this lane's part of the row's sum
    float acc[D / 8][4] = {};
    const float to_base_2 = scale * LOG2E;

    for (int tile = 0; tile < tiles; ++tile) {
        const int stage = tile % 2;
        if (tile + 1 < tiles) {
            fetch(keys[1 - stage], k, k_row, (tile + 1) * KEYS, seq_k);
            fetch(values[1 - stage], v, v_row, (tile + 1) * KEYS, seq_k);
        }
        commit();         // empty in the last turn, so that the count of groups is the same in each
        wait<1>();        // all but the newest group: this tile
        __syncthreads();  // every thread's part of it

        float s[KEYS / 8][4] = {};
        for (int n = 0; n < KEYS / 16; ++n)
            for (int d = 0; d < D / 16; ++d) {
                unsigned b[4];  // keys 0-7 with dimensions 0-7 and 8-15, then keys 8-15
                load_matrices(b, &keys[stage][n * 16 + lane % 8 + lane / 16 * 8][d * 16 + lane / 8 % 2 * 8]);
                multiply(s[2 * n], a_q[d], b[0], b[1]);
                multiply(s[2 * n + 1], a_q[d], b[2], b[3]);
            }

        const int key = tile * KEYS + lane % 4 * 2;
        for (int half = 0; half < 2; ++half) {  // of the fragment: row, then row + 8
            float highest = -CUDART_INF_F;
            for (int n = 0; n < KEYS / 8; ++n)
                for (int j = 0; j < 2; ++j) {
                    float& score = s[n][2 * half + j];
                    score = key + n * 8 + j < limit[half] ? score * to_base_2 : -CUDART_INF_F;
                    highest = fmaxf(highest, score);
                }
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
            for (int n = 0; n < D / 8; ++n)
                for (int j = 0; j < 2; ++j)
                    acc[n][2 * half + j] *= rescale;
            l[half] = fmaf(l[half], rescale, sum);
            m[half] = m_new;
        }

        for (int n = 0; n < KEYS / 16; ++n) {
            const unsigned a_p[4] = {pack(s[2 * n][0], s[2 * n][1]), pack(s[2 * n][2], s[2 * n][3]),
                                     pack(s[2 * n + 1][0], s[2 * n + 1][1]), pack(s[2 * n + 1][2], s[2 * n + 1][3])};
            for (int d = 0; d < D / 16; ++d) {
                unsigned b[4];  // dimensions 0-7 of keys 0-7 and 8-15, then dimensions 8-15
                load_transposed(b, &values[stage][n * 16 + lane % 16][d * 16 + lane / 16 * 8]);
                multiply(acc[2 * d], a_p, b[0], b[1]);
                multiply(acc[2 * d + 1], a_p, b[2], b[3]);
            }
        }
        __syncthreads();  // all have read this stage before the turn after the next one's fetch overwrites it
    }

    for (int half = 0; half < 2; ++half) {
        const float total = of_quad_sum(l[half]);
        const float norm = total > 0.0f ? 1.0f / total : 0.0f;
        const int at = row + 8 * half;
        if (at < seq_q)
            for (int n = 0; n < D / 8; ++n)
                *reinterpret_cast<__half2*>(o + at * o_row + n * 8 + lane % 4 * 2) =
                    __floats2half2_rn(acc[n][2 * half] * norm, acc[n][2 * half + 1] * norm);
    }
}
