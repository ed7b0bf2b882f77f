// Attention forward for few queries and many keys (decoding): Flash-Decoding (Dao, Haziza, Massa and Sizov 2023).
// The ladder gives a block its query rows and all keys: of one query a head, most multiprocessors would see nothing.
// Here the keys are divided among blocks too, and a second kernel combines what they found:
//   split    a block has the keys of one split for 4 query rows that share a head of k and v. Query heads of a group
//            are rows like any other, so that a key is read once for all of them. For each row it leaves in a
//            workspace m, the largest score; l, the sum of 2^(score - m); and the sum of the values so weighed;
//   combine  a warp has one row: the parts of all splits, each rescaled by 2^(m - largest m), added and divided.
// That it takes two launches is what orders them. One launch whose last block combines needs a fence and a counter
// instead, and whether those are right no test on one machine can say.
//
// Within a block: 8 lanes (16 where D > 64) take a key, 16 bytes of it and of its value each, so that a warp works on
// 4 keys side by side. Such a group of lanes has its own maximum, sum and output; nothing passes between groups, and
// nothing through shared memory, before the end. No tensor cores: with so few rows, reading the keys takes longer.
// The price: a workspace of D + 2 floats a row and split, written and read once; 128 registers a thread, most of them
// 4 rows of q and of the output in float32, and 4,224 bytes of shared memory (8,320 where D > 64).
//
// Contract: as problem.cuh has it, but with another launch; rows begin at multiples of 16 bytes. The workspace is
// parts (batch, heads, seq_q, splits, D) and sums (batch, heads, seq_q, splits) of (m, l), in exponents to base 2;
// with packed sequences seq_q is that of the longest.
// split:   128 threads, grid = (ceil(group * seq_q / 4) * splits, heads / group, batch).
// combine: 128 threads, grid = (ceil(seq_q / 4), heads, batch).

#include <math_constants.h>

#include "exp2.cuh"
#include "problem.cuh"
#include "warp.cuh"

constexpr int WARPS = 4;
constexpr int ROWS = 4;    // of a block of the first kernel
constexpr int AT_ONCE = 2; // keys that a group of lanes has on their way
constexpr float LOG2E = 1.4426950408889634f;

// Eight numbers of 16 bytes.
template <typename T>
__device__ void spread(float (&to)[8], const uint4& chunk)
{
    for (int p = 0; p < 4; ++p) {
        const float2 two = widen(reinterpret_cast<const Pair<T>*>(&chunk)[p]);
        to[2 * p] = two.x;
        to[2 * p + 1] = two.y;
    }
}

// 16 bytes of a row, or zeros: 0 * garbage may be NaN.
template <typename T>
__device__ uint4 fetch(const T* row, int chunk, bool wanted)
{
    return wanted ? reinterpret_cast<const uint4*>(row)[chunk] : make_uint4(0, 0, 0, 0);
}

// What is subtracted from scores whose maximum is m. Where there were none, -inf - -inf would be NaN, and
// 2^(-inf - 0) is the zero that is meant.
__device__ float base_of(float m)
{
    return m == -CUDART_INF_F ? 0.0f : m;
}

template <int D, typename T>
__global__ void __launch_bounds__(32 * WARPS)
attention_split_kv(const T* q, const T* k, const T* v, const int* cu_q, const int* cu_k, float* parts, float2* sums,
                   int seq_q, int seq_k, int group, int left, int right, int bottom_right, float scale, int splits,
                   long long q_batch, long long q_head, long long q_row,
                   long long k_batch, long long k_head, long long k_row,
                   long long v_batch, long long v_head, long long v_row)
{
    static_assert(D % 8 == 0 && D <= 128, "16 lanes take at most 128 numbers");
    constexpr int LANES = D <= 64 ? 8 : 16;  // of a key; those beyond its D / 8 chunks have zeros
    constexpr int GROUPS = 32 / LANES;
    constexpr int TURN = WARPS * GROUPS * AT_ONCE;  // keys of a block's turn
    __shared__ float4 halves[WARPS][ROWS][2][LANES];  // of a chunk: a warp's lanes write 16 bytes side by side
    __shared__ float2 of_warp[WARPS][ROWS];

    const int lane = threadIdx.x % 32;
    const int warp = threadIdx.x / 32;
    const int chunk = lane % LANES;
    const bool inside = chunk < D / 8;
    const int split = blockIdx.x % splits;
    const int first_row = blockIdx.x / splits * ROWS;
    // A head of k and v with its first query head; a row of the block lies row / seq_q heads further on.
    const Part<T> part = part_of_block<T>(q, k, v, cu_q, cu_k, nullptr, seq_q, seq_k, 1, left, right, bottom_right,
                                          {q_batch, q_head * group, q_row}, {k_batch, k_head, k_row},
                                          {v_batch, v_head, v_row}, {});
    const int share = (part.seq_k + splits - 1) / splits;
    const int begin = split * share;
    const int end = min(part.seq_k, begin + share);  // may be below begin: the last splits of few keys have none

    float mine[ROWS][8];
    int first_key[ROWS];
    int end_of_keys[ROWS];
    for (int r = 0; r < ROWS; ++r) {
        const int query = (first_row + r) % seq_q;
        const int head = (first_row + r) / seq_q;
        const bool there = head < group && query < part.seq_q;
        spread<T>(mine[r], fetch(part.q + head * q_head + query * q_row, chunk, there && inside));
        for (int e = 0; e < 8; ++e)
            mine[r][e] *= scale * LOG2E;
        first_key[r] = part.first_key(query);
        end_of_keys[r] = there ? min(end, part.end_of_keys(query)) : 0;
    }

    float m[ROWS];
    float l[ROWS] = {};
    float acc[ROWS][8] = {};
    for (int r = 0; r < ROWS; ++r)
        m[r] = -CUDART_INF_F;

    for (int turn = begin; turn < end; turn += TURN) {
        const int key = turn + warp * GROUPS + lane / LANES;  // and every WARPS * GROUPS further on
        uint4 keys[AT_ONCE];
        uint4 values[AT_ONCE];
        for (int i = 0; i < AT_ONCE; ++i) {
            const int at = key + i * WARPS * GROUPS;
            keys[i] = fetch(part.k + at * k_row, chunk, at < end && inside);
            values[i] = fetch(part.v + at * v_row, chunk, at < end && inside);
        }
        float s[ROWS][AT_ONCE];
        for (int i = 0; i < AT_ONCE; ++i) {
            float of_key[8];
            spread<T>(of_key, keys[i]);
            const int at = key + i * WARPS * GROUPS;
            for (int r = 0; r < ROWS; ++r) {
                float product = 0.0f;
                for (int e = 0; e < 8; ++e)
                    product = fmaf(mine[r][e], of_key[e], product);
                for (int offset = LANES / 2; offset > 0; offset /= 2)
                    product += __shfl_xor_sync(ALL, product, offset);
                s[r][i] = first_key[r] <= at && at < end_of_keys[r] ? product : -CUDART_INF_F;
            }
        }
        for (int r = 0; r < ROWS; ++r) {
            float highest = m[r];
            for (int i = 0; i < AT_ONCE; ++i)
                highest = fmaxf(highest, s[r][i]);
            const float rescale = exp2_or_zero(m[r] - base_of(highest));
            m[r] = highest;
            l[r] *= rescale;
            for (int e = 0; e < 8; ++e)
                acc[r][e] *= rescale;
            for (int i = 0; i < AT_ONCE; ++i) {
                s[r][i] = exp2_or_zero(s[r][i] - base_of(highest));
                l[r] += s[r][i];
            }
        }
        for (int i = 0; i < AT_ONCE; ++i) {
            float of_value[8];
            spread<T>(of_value, values[i]);
            for (int r = 0; r < ROWS; ++r)
                for (int e = 0; e < 8; ++e)
                    acc[r][e] = fmaf(s[r][i], of_value[e], acc[r][e]);
        }
    }

    // The groups of a warp, then the warps of the block.
    for (int r = 0; r < ROWS; ++r) {
        float highest = m[r];
        for (int offset = 16; offset >= LANES; offset /= 2)
            highest = fmaxf(highest, __shfl_xor_sync(ALL, highest, offset));
        const float rescale = exp2_or_zero(m[r] - base_of(highest));
        l[r] *= rescale;
        for (int e = 0; e < 8; ++e)
            acc[r][e] *= rescale;
        for (int offset = 16; offset >= LANES; offset /= 2) {
            l[r] += __shfl_xor_sync(ALL, l[r], offset);
            for (int e = 0; e < 8; ++e)
                acc[r][e] += __shfl_xor_sync(ALL, acc[r][e], offset);
        }
        if (lane < LANES) {
            halves[warp][r][0][lane] = make_float4(acc[r][0], acc[r][1], acc[r][2], acc[r][3]);
            halves[warp][r][1][lane] = make_float4(acc[r][4], acc[r][5], acc[r][6], acc[r][7]);
        }
        if (lane == 0)
            of_warp[warp][r] = make_float2(highest, l[r]);
    }
    __syncthreads();  // what each warp found is there

    for (int i = threadIdx.x; i < ROWS * 2 * LANES; i += 32 * WARPS) {
        const int r = i / (2 * LANES);
        const int half = i / LANES % 2;
        const int c = i % LANES;
        if (first_row + r >= group * seq_q || c >= D / 8)
            continue;
        float highest = of_warp[0][r].x;
        for (int w = 1; w < WARPS; ++w)
            highest = fmaxf(highest, of_warp[w][r].x);
        float total = 0.0f;
        float4 sum = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
        for (int w = 0; w < WARPS; ++w) {
            const float weight = exp2_or_zero(of_warp[w][r].x - base_of(highest));
            const float4 x = halves[w][r][half][c];
            total = fmaf(of_warp[w][r].y, weight, total);
            sum.x = fmaf(x.x, weight, sum.x);
            sum.y = fmaf(x.y, weight, sum.y);
            sum.z = fmaf(x.z, weight, sum.z);
            sum.w = fmaf(x.w, weight, sum.w);
        }
        const long long row = (static_cast<long long>(blockIdx.z) * gridDim.y + blockIdx.y) * group * seq_q + first_row + r;
        const long long place = row * splits + split;
        *reinterpret_cast<float4*>(parts + place * D + c * 8 + half * 4) = sum;
        if (half == 0 && c == 0)
            sums[place] = make_float2(highest, total);
    }
}

template <int D, typename T>
__global__ void __launch_bounds__(32 * WARPS)
attention_split_kv_combine(const float* parts, const float2* sums, const int* cu_q, T* o, int seq_q, int splits,
                           long long o_batch, long long o_head, long long o_row)
{
    const int lane = threadIdx.x % 32;
    const int query = blockIdx.x * WARPS + threadIdx.x / 32;
    const long long batch = blockIdx.z;
    const long long first = cu_q ? cu_q[batch] : 0;
    if (query >= (cu_q ? cu_q[batch + 1] - first : seq_q))
        return;  // a whole warp at once, and nothing below waits for the block
    const long long place = ((batch * gridDim.y + blockIdx.y) * seq_q + query) * splits;

    float highest = -CUDART_INF_F;
    for (int split = lane; split < splits; split += 32)
        highest = fmaxf(highest, sums[place + split].x);
    const float base = base_of(reduce_max(highest));
    float total = 0.0f;
    for (int split = lane; split < splits; split += 32)
        total = fmaf(sums[place + split].y, exp2_or_zero(sums[place + split].x - base), total);
    total = reduce_sum(total);
    const float norm = total > 0.0f ? 1.0f / total : 0.0f;

    auto out = reinterpret_cast<Pair<T>*>(o + batch * o_batch + blockIdx.y * o_head + (first + query) * o_row);
    for (int p = lane; p < D / 2; p += 32) {
        float2 sum = make_float2(0.0f, 0.0f);
        for (int split = 0; split < splits; ++split) {
            const float weight = exp2_or_zero(sums[place + split].x - base);  // the same for all lanes
            const float2 x = reinterpret_cast<const float2*>(parts + (place + split) * D)[p];
            sum.x = fmaf(x.x, weight, sum.x);
            sum.y = fmaf(x.y, weight, sum.y);
        }
        out[p] = narrow<T>(sum.x * norm, sum.y * norm);
    }
}
