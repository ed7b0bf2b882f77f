// Attention forward of 8-bit numbers (E4M3) on tensor cores, summed in float32. The division of the work is that of
// attention/tensor_core.cu (Dao 2023, alg. 1): a block has 64 query rows, each of its 4 warps 16 of them, and walks
// over tiles of 64 keys in two stages; scores and weights never leave the registers. What 8 bits change:
//
//   weights  E4M3 has 3 bits of mantissa, and below 2^-6 ever fewer. A weight is at most 1, so that it is rounded as
//            2^8 times itself, at most 256 of the 448 there are: weights down to 2^-14 keep all their bits, and down to
//            2^-17 are not lost. 2^8 costs nothing, it is added to the exponent, and cancels in the division by the sum
//            (Shah et al. 2024, FlashAttention-3: its kernels' max_offset).
//   sums     of the weights as they are rounded, so that they add up to one exactly: by one more product, with a B of
//            ones, instead of additions (as SageAttention2, Zhang et al. 2024). All lanes of a row get its sum.
//   keys'    The accumulator of S holds keys 2 t and 2 t + 1 of every 8 in lane t, the next A wants four neighbours. As
//   order    a sum has no order, the keys are taken in this one: a lane's pairs of two tiles of 8 are its four. No
//            weight moves between lanes; V has to come in the same order.
//   V        mma wants V column by column, and ldmatrix transposes 16-bit numbers alone. So pairs of dimensions are
//            transposed as if they were one number: a lane gets dimensions 2 g and 2 g + 1 of keys 2 t and 2 t + 1.
//            Two byte permutations of two such registers make four keys of the even dimension, and four of the odd
//            one: B of two products, in just the order above. V is never transposed in memory.
//   output   A lane's results of both products are dimensions 4 t to 4 t + 3: stored as 8 bytes.
//   float32  On a card an E4M3 product may keep fewer bits of a running sum than float32 has (SageAttention2 found 13
//            of mantissa). So each tile's products begin at zero and are added to the output by a multiply-add that
//            rescales it as well: as many instructions as rescaling alone.
//
// On sm_89 mma is one QMMA. sm_90 has such an instruction for warp groups only (wgmma): there ptxas widens both
// operands to fp16 and issues two HMMA, so that 8 bits save bytes there and no arithmetic.
// The price: 20,480 bytes of shared memory at D = 64, 36,864 at D = 128; at most 144 registers a thread at D = 64.
// A row of a tile takes 16 bytes more than it has: the 8 rows that ldmatrix reads at once lie in different banks.
//
// Contract. o = softmax(q k^T * scale * scale_q * scale_k) v * scale_v, head by head, of the keys a query sees.
//   q        (batch, heads, seq_q, D), E4M3; k, v (batch, heads / group, seq_k, D), likewise: query heads h * group to
//            h * group + group - 1 share head h. The last dimension is contiguous, the other strides are given in
//            elements; rows begin at multiples of 16 bytes. D = 64 or 128. Their numbers are finite.
//   o        (batch, heads, seq_q, D), fp16 or bf16, rows at multiples of 8 bytes.
//   scale_*  one float32 a head of its tensor, positive.
//   causal   query i sees keys up to i + seq_k - seq_q (bottom right). One that sees none comes out as zeros.
// Launch: 128 threads, grid = (ceil(seq_q / 64), heads, batch).

#include <math_constants.h>

#include "exp2.cuh"
#include "mma8.cuh"
#include "warp.cuh"

constexpr int ROWS = 64;   // queries of a block
constexpr int KEYS = 64;   // keys of a tile
constexpr int WARPS = 4;
constexpr float LOG2E = 1.4426950408889634f;
constexpr float OFFSET = 8.0f;  // weights are rounded as 2^OFFSET times themselves
constexpr unsigned ONES = 0x38383838u;  // four times 1.0 in E4M3

using Byte = unsigned char;

template <int D>
struct Tile {
    Byte at[KEYS][D + 16];
};

// Rows first .. first + 63 of a (count, D) matrix, as far as there are any; zeros beyond: a product of zero with what
// lay in shared memory before could be NaN. A thread copies the same 16 bytes of every STEP-th row, so that only a row
// has to be added. Eight lanes write at once: a row of 128 bytes, or rows r and r + 4 of 64, for these meet different
// banks too.
template <int D>
__device__ void fetch(Tile<D>& to, const Byte* from, long long stride, int first, int count)
{
    constexpr int CHUNKS = D / 16;             // of a row
    constexpr int STEP = 32 * WARPS / CHUNKS;  // rows at once
    const int i = threadIdx.x / CHUNKS;
    const int row = i / 8 * 8 + i % 2 * 4 + i % 8 / 2;
    const int at = threadIdx.x % CHUNKS * 16;
    const Byte* mine = from + (first + row) * stride + at;
    for (int n = 0; n < KEYS; n += STEP) {
        const bool there = first + row + n < count;
        copy_16(&to.at[row + n][at], there ? mine + n * stride : from, there);
    }
}

template <int D, typename T>
__global__ void __launch_bounds__(32 * WARPS)
attention_fp8_tensor_core(const Byte* q, const Byte* k, const Byte* v, const float* scale_q, const float* scale_k,
                          const float* scale_v, T* o, int seq_q, int seq_k, int group, int causal, float scale,
                          long long q_batch, long long q_head, long long q_row,
                          long long k_batch, long long k_head, long long k_row,
                          long long v_batch, long long v_head, long long v_row,
                          long long o_batch, long long o_head, long long o_row)
{
    extern __shared__ float4 shared[];
    const auto keys = reinterpret_cast<Tile<D>*>(shared);  // two stages
    const auto values = keys + 2;                          // likewise
    const int lane = threadIdx.x % 32;
    const int warp = threadIdx.x / 32;
    const int head = blockIdx.y;
    const int head_k = head / group;
    const long long batch = blockIdx.z;
    q += batch * q_batch + head * q_head;
    k += batch * k_batch + head_k * k_head;
    v += batch * v_batch + head_k * v_head;
    o += batch * o_batch + head * o_head;
    const int first_row = blockIdx.x * ROWS;
    const int row = first_row + warp * 16 + lane / 4;  // this lane's rows are row and row + 8
    const int shift = seq_k - seq_q;
    const int end = causal ? min(seq_k, min(first_row + ROWS, seq_q) + shift) : seq_k;  // of all keys that a row sees

    // Q takes the place of the second stage of keys until it is in registers.
    fetch(keys[1], q, q_row, first_row, seq_q);
    commit();
    if (end > 0) {
        fetch(keys[0], k, k_row, 0, seq_k);
        fetch(values[0], v, v_row, 0, seq_k);
    }
    commit();
    wait<1>();
    __syncthreads();  // Q has arrived, every thread's part of it
    unsigned a_q[D / 32][4];
    for (int d = 0; d < D / 32; ++d)
        load_matrices(a_q[d], &keys[1].at[warp * 16 + lane % 16][d * 32 + lane / 16 * 16]);
    __syncthreads();  // Q has been read by all before the second tile of keys overwrites it

    float m[2] = {-CUDART_INF_F, -CUDART_INF_F};  // of the products, before any scale
    float l[2] = {0.0f, 0.0f};                    // 2^OFFSET times the row's sum
    float acc[D / 16][2][4] = {};                 // of 16 dimensions the even ones, then the odd ones
    const float to_base_2 = scale * scale_q[head] * scale_k[head_k] * LOG2E;

    int stage = 0;
    for (int first = 0; first < end; first += KEYS) {
        if (first + KEYS < end) {
            fetch(keys[1 - stage], k, k_row, first + KEYS, seq_k);
            fetch(values[1 - stage], v, v_row, first + KEYS, seq_k);
        }
        commit();         // empty in the last turn, so that the count of groups is the same in each
        wait<1>();        // all but the newest group: this tile
        __syncthreads();  // every thread's part of it

        float s[KEYS / 8][4] = {};
        for (int n = 0; n < KEYS / 16; ++n)
            for (int d = 0; d < D / 32; ++d) {
                unsigned b[4];  // keys 0-7 with dimensions 0-15 and 16-31, then keys 8-15
                load_matrices(b, &keys[stage].at[n * 16 + lane % 8 + lane / 16 * 8][d * 32 + lane / 8 % 2 * 16]);
                multiply_e4m3(s[2 * n], a_q[d], b[0], b[1]);
                multiply_e4m3(s[2 * n + 1], a_q[d], b[2], b[3]);
            }

        // Most tiles are seen whole by all rows of the block, and need no mask.
        const bool whole = first + KEYS <= (causal ? min(seq_k, first_row + shift + 1) : seq_k);
        float rescale[2];
        for (int half = 0; half < 2; ++half) {  // of the fragment: row, then row + 8
            if (!whole) {
                const int seen = causal ? min(seq_k, row + 8 * half + shift + 1) : seq_k;
                for (int n = 0; n < KEYS / 8; ++n)
                    for (int j = 0; j < 2; ++j)
                        if (first + n * 8 + lane % 4 * 2 + j >= seen)
                            s[n][2 * half + j] = -CUDART_INF_F;
            }
            float highest = m[half];
            for (int n = 0; n < KEYS / 8; ++n)
                highest = fmaxf(highest, fmaxf(s[n][2 * half], s[n][2 * half + 1]));
            const float m_new = of_quad_max(highest);
            // Nothing but -inf so far: -inf - -inf is NaN, and 2^(-inf - 0) the zero that is meant.
            const float base = m_new == -CUDART_INF_F ? 0.0f : m_new * to_base_2;
            rescale[half] = exp2_or_zero(fmaf(m[half], to_base_2, -base));
            for (int n = 0; n < KEYS / 8; ++n)
                for (int j = 0; j < 2; ++j)
                    s[n][2 * half + j] = exp2_or_zero(fmaf(s[n][2 * half + j], to_base_2, OFFSET - base));
            m[half] = m_new;
        }

        unsigned a_p[KEYS / 32][4];  // of 32 keys, rows and rows + 8: the pairs of the first two eights, then of the last two
        for (int n = 0; n < KEYS / 32; ++n)
            for (int i = 0; i < 4; ++i) {
                const float* low = s[4 * n + i / 2 * 2];
                const float* high = s[4 * n + i / 2 * 2 + 1];
                a_p[n][i] = pack_e4m3(low[i % 2 * 2], low[i % 2 * 2 + 1], high[i % 2 * 2], high[i % 2 * 2 + 1]);
            }

        float sums[4] = {};
        for (int n = 0; n < KEYS / 32; ++n)
            multiply_e4m3(sums, a_p[n], ONES, ONES);
        for (int half = 0; half < 2; ++half)
            l[half] = fmaf(l[half], rescale[half], sums[2 * half]);

        for (int d = 0; d < D / 16; ++d) {
            float even[4] = {};
            float odd[4] = {};
            for (int n = 0; n < KEYS / 32; ++n) {
                unsigned r[4];  // pairs of dimensions, transposed: of keys 0-7, 8-15, 16-23, 24-31
                load_transposed(r, &values[stage].at[n * 32 + lane][d * 16]);
                multiply_e4m3(even, a_p[n], even_bytes(r[0], r[1]), even_bytes(r[2], r[3]));
                multiply_e4m3(odd, a_p[n], odd_bytes(r[0], r[1]), odd_bytes(r[2], r[3]));
            }
            for (int i = 0; i < 4; ++i) {
                acc[d][0][i] = fmaf(acc[d][0][i], rescale[i / 2], even[i]);
                acc[d][1][i] = fmaf(acc[d][1][i], rescale[i / 2], odd[i]);
            }
        }
        __syncthreads();  // all have read this stage before the next turn's fetch overwrites it
        stage = 1 - stage;
    }

    const float of_v = scale_v[head_k];
    for (int half = 0; half < 2; ++half) {
        const float norm = l[half] > 0.0f ? of_v / l[half] : 0.0f;
        const int at = row + 8 * half;
        if (at < seq_q)
            for (int d = 0; d < D / 16; ++d) {
                const float* even = &acc[d][0][2 * half];
                const float* odd = &acc[d][1][2 * half];
                *reinterpret_cast<uint2*>(o + at * o_row + d * 16 + lane % 4 * 4) =
                    {pack<T>(even[0] * norm, odd[0] * norm), pack<T>(even[1] * norm, odd[1] * norm)};
            }
    }
}
