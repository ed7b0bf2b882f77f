// Attention forward, pipelined: what it adds to vectorised.cu is that nobody waits for memory. Keys and values go
// through two stages of shared memory by cp.async, past the registers: while the scores of a tile are computed,
// its values are on their way; while its values are weighed, the next tile's keys are. Two barriers a tile, each
// with one group of copies in flight.
//
// The arithmetic and who has what are vectorised.cu's. What the copies cost: they bring 16 bytes as they lie, so
// that k cannot be transposed on the way; a lane reads its keys by row, 16 bytes (8 dimensions) at once. Rows of
// 128 bytes all begin in bank 0: chunk c of row t lies at place c ^ t % 8, and 8 lanes that read the same chunk of
// 8 rows meet all 32 banks. The weights cannot take the place of the keys, into which the next tile is on its way.
// The price: at most 168 registers a thread and 49,152 bytes of shared memory at D = 64; at most 224 and 81,920 at D = 128.
//
// Where things lie in shared memory, with no bank conflict in any access:
//   q        float [dimension][row], as in vectorised.cu;
//   k        pairs [key][pair of dimensions], chunks of 4 pairs exchanged within each row (swizzled);
//   v        pairs [key][pair of dimensions];
//   weights  float [key][row], each warp its own.
//
// Contract: problem.cuh, with D = 64 or 128.

#include <math_constants.h>

#include "exp2.cuh"
#include "mma.cuh"
#include "problem.cuh"
#include "warp.cuh"

constexpr int ROWS = 16;   // of a warp
constexpr int WARPS = 4;
constexpr int KEYS = 64;   // of a tile
constexpr float LOG2E = 1.4426950408889634f;

template <int D, typename T>
struct Room {
    float rows[D][WARPS * ROWS];
    uint4 keys[KEYS][D / 8];
    Pair<T> values[KEYS][D / 2];
    float4 weights[WARPS][KEYS * ROWS / 4];
};

// The place of chunk c in row t of the keys.
__device__ int swizzled(int t, int c)
{
    return c ^ t % 8;
}

// 16 bytes of a row that may lie beyond the end: zeros there, for 0 * garbage may be NaN.
template <typename T>
__device__ uint4 fetch(const T* from, long long stride, int row, int count, int chunk)
{
    return row < count ? *reinterpret_cast<const uint4*>(from + row * stride + chunk * 8) : make_uint4(0, 0, 0, 0);
}

// Elements 2p and 2p + 1 of a chunk.
template <typename T>
__device__ Pair<T> pair(const uint4& chunk, int p)
{
    return reinterpret_cast<const Pair<T>*>(&chunk)[p];
}

// Where a warp's weights of a key lie for rows 4 quad to 4 quad + 3. Eight lanes write those of eight keys at
// once, four float4 apart: exchanging the quads by pairs of keys spreads them over all banks.
__device__ int place(int key, int quad)
{
    return key * (ROWS / 4) + (quad ^ key / 2 % 4);
}

template <int D, typename T>
__global__ void __launch_bounds__(32 * WARPS)
attention_pipelined(const T* q, const T* k, const T* v, const int* cu_q, const int* cu_k, T* o,
                    int seq_q, int seq_k, int group, int left, int right, int bottom_right, float scale,
                    long long q_batch, long long q_head, long long q_row,
                    long long k_batch, long long k_head, long long k_row,
                    long long v_batch, long long v_head, long long v_row,
                    long long o_batch, long long o_head, long long o_row)
{
    static_assert(D % 64 == 0, "a lane has whole pairs, and a row 8 chunks or 16");
    constexpr int CHUNKS = D / 8;  // of 16 bytes in a row
    constexpr int MINE = D / 64;   // pairs of dimensions of a lane
    extern __shared__ float4 shared[];
    auto& room = *reinterpret_cast<Room<D, T>*>(shared);
    const Part<T> part = part_of_block(q, k, v, cu_q, cu_k, o, seq_q, seq_k, group, left, right, bottom_right,
                                       {q_batch, q_head, q_row}, {k_batch, k_head, k_row},
                                       {v_batch, v_head, v_row}, {o_batch, o_head, o_row});
    const int lane = threadIdx.x % 32;
    const int warp = threadIdx.x / 32;
    const int first_row = blockIdx.x * WARPS * ROWS;
    const int row = first_row + warp * ROWS;  // this warp's first
    if (first_row >= part.seq_q)
        return;  // all of the block: sequences may be of different lengths
    const int begin = part.first_key(first_row) / KEYS * KEYS;  // all that any row of the block sees
    const int end = part.end_of_keys(min(first_row + WARPS * ROWS, part.seq_q) - 1);
    const float to_base_2 = scale * LOG2E;

    // Lanes go down the rows, so that 32 of them write to 32 banks; each reads a whole row, chunk by chunk.
    for (int i = threadIdx.x; i < WARPS * ROWS * CHUNKS; i += 32 * WARPS) {
        const int r = i % (WARPS * ROWS);
        const int c = i / (WARPS * ROWS);
        const uint4 x = fetch(part.q, q_row, first_row + r, part.seq_q, c);
        for (int p = 0; p < 4; ++p) {
            const float2 two = widen(pair<T>(x, p));
            room.rows[c * 8 + 2 * p][r] = two.x * to_base_2;
            room.rows[c * 8 + 2 * p + 1][r] = two.y * to_base_2;
        }
    }

    float m[ROWS];
    float l[ROWS];  // this lane's part of the row's sum
    float2 acc[ROWS][MINE] = {};
    for (int r = 0; r < ROWS; ++r) {
        m[r] = -CUDART_INF_F;
        l[r] = 0.0f;
    }

    // Rows beyond the end become zeros: nothing is read for them.
    auto fetch_keys = [&](int first) {
        for (int i = threadIdx.x; i < KEYS * CHUNKS; i += 32 * WARPS) {
            const int t = i / CHUNKS;
            const int c = i % CHUNKS;
            const bool there = first + t < part.seq_k;
            copy_16(&room.keys[t][swizzled(t, c)], part.k + (there ? first + t : 0) * k_row + c * 8, there);
        }
        commit();
    };
    auto fetch_values = [&](int first) {
        for (int i = threadIdx.x; i < KEYS * CHUNKS; i += 32 * WARPS) {
            const int t = i / CHUNKS;
            const int c = i % CHUNKS;
            const bool there = first + t < part.seq_k;
            copy_16(&room.values[t][c * 4], part.v + (there ? first + t : 0) * v_row + c * 8, there);
        }
        commit();
    };

    if (begin < end)
        fetch_keys(begin);
    for (int first = begin; first < end; first += KEYS) {
        wait<0>();        // this thread's copies of the keys have arrived
        __syncthreads();  // everyone's have, and nobody reads the values before any more; at first, q is written
        fetch_values(first);

        float s[ROWS][2] = {};
#pragma unroll 1
        for (int c = 0; c < CHUNKS; ++c) {
            const uint4 one = room.keys[lane][swizzled(lane, c)];
            const uint4 other = room.keys[lane + 32][swizzled(lane, c)];
            for (int p = 0; p < 4; ++p) {
                const int d = 4 * c + p;
                const float2 a = widen(pair<T>(one, p));
                const float2 b = widen(pair<T>(other, p));
                for (int quad = 0; quad < ROWS / 4; ++quad) {
                    const float4 x = *reinterpret_cast<const float4*>(&room.rows[2 * d][warp * ROWS + 4 * quad]);
                    const float4 y = *reinterpret_cast<const float4*>(&room.rows[2 * d + 1][warp * ROWS + 4 * quad]);
                    const float xs[4] = {x.x, x.y, x.z, x.w};
                    const float ys[4] = {y.x, y.y, y.z, y.w};
                    for (int r = 0; r < 4; ++r) {
                        s[4 * quad + r][0] = fmaf(ys[r], a.y, fmaf(xs[r], a.x, s[4 * quad + r][0]));
                        s[4 * quad + r][1] = fmaf(ys[r], b.y, fmaf(xs[r], b.x, s[4 * quad + r][1]));
                    }
                }
            }
        }
        wait<0>();        // this thread's copies of the values have arrived
        __syncthreads();  // everyone's have, and nobody reads the keys any more
        if (first + KEYS < end)
            fetch_keys(first + KEYS);

        for (int r = 0; r < ROWS; ++r) {
            for (int j = 0; j < 2; ++j) {
                const int key = first + lane + 32 * j;
                if (key < part.first_key(row + r) || key >= part.end_of_keys(row + r))
                    s[r][j] = -CUDART_INF_F;
            }
            const float m_new = fmaxf(m[r], reduce_max(fmaxf(s[r][0], s[r][1])));
            // Nothing but -inf so far: -inf - -inf is NaN, and 2^(-inf - 0) the zero that is meant.
            const float base = m_new == -CUDART_INF_F ? 0.0f : m_new;
            const float rescale = exp2_or_zero(m[r] - base);
            m[r] = m_new;
            for (int j = 0; j < 2; ++j)
                s[r][j] = exp2_or_zero(s[r][j] - base);
            for (int e = 0; e < MINE; ++e) {
                acc[r][e].x *= rescale;
                acc[r][e].y *= rescale;
            }
            l[r] = fmaf(l[r], rescale, s[r][0] + s[r][1]);
        }
        // No barrier before: all of this warp have read the weights before, when they came to the barriers above.
        for (int j = 0; j < 2; ++j)
            for (int quad = 0; quad < ROWS / 4; ++quad)
                room.weights[warp][place(lane + 32 * j, quad)] =
                    make_float4(s[4 * quad][j], s[4 * quad + 1][j], s[4 * quad + 2][j], s[4 * quad + 3][j]);
        __syncwarp();  // a warp's weights are read by all its lanes
#pragma unroll 8  // so that a weight's place is known
        for (int key = 0; key < KEYS; ++key) {
            float2 value[MINE];
            for (int e = 0; e < MINE; ++e)
                value[e] = widen(room.values[key][32 * e + lane]);
            for (int quad = 0; quad < ROWS / 4; ++quad) {
                const float4 w = room.weights[warp][place(key, quad)];
                const float ws[4] = {w.x, w.y, w.z, w.w};
                for (int r = 0; r < 4; ++r)
                    for (int e = 0; e < MINE; ++e) {
                        float2& sum = acc[4 * quad + r][e];
                        sum.x = fmaf(ws[r], value[e].x, sum.x);
                        sum.y = fmaf(ws[r], value[e].y, sum.y);
                    }
            }
        }
    }

    for (int r = 0; r < ROWS; ++r) {
        const float total = reduce_sum(l[r]);
        const float norm = total > 0.0f ? 1.0f / total : 0.0f;
        if (row + r < part.seq_q)
            for (int e = 0; e < MINE; ++e)
                reinterpret_cast<Pair<T>*>(part.o + (row + r) * o_row)[32 * e + lane] =
                    narrow<T>(acc[r][e].x * norm, acc[r][e].y * norm);
    }
}
