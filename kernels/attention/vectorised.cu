// Attention forward, vectorised: what it adds to tiled.cu is a register tile. A lane has two keys of a tile and
// a warp 16 rows, so that what is read from shared memory serves 32 multiply-adds a lane instead of two, and
// what is read from global memory comes 16 bytes at a time. Still no tensor cores: float32 arithmetic.
//
// A block has 64 query rows, each of its 4 warps 16 of them, and walks over tiles of 64 keys:
//   scores   lane t has keys t and t + 32; a pair of dimensions of 16 rows is the same for all lanes (broadcast);
//   softmax  a row lies across the warp: its maximum takes five shuffles, its sum stays in pieces until the end;
//   value    lane t has dimensions 2t and 2t + 1 (of D = 128 also those 64 further on); a weight is the same for
//            all lanes, so weights go through shared memory, each warp its own.
// The price: at most 168 registers a thread and 40,960 bytes of shared memory at D = 64; at most 224 and 66,048 at D = 128.
//
// Where things lie in shared memory, with no bank conflict in any access:
//   q        float [dimension][row]: a warp reads four rows of one dimension at once, all lanes the same ones;
//   k        pairs [pair of dimensions][key], 66 to a row: 8 lanes that write 4 pairs of 8 keys are 8 banks apart;
//   v        pairs [key][pair of dimensions], as in global memory;
//   weights  float [key][row], each warp its own; they take the place of k, which nobody needs then.
//
// Contract: problem.cuh, with D = 64 or 128.

#include <math_constants.h>

#include "exp2.cuh"
#include "problem.cuh"
#include "warp.cuh"

constexpr int ROWS = 16;   // of a warp
constexpr int WARPS = 4;
constexpr int KEYS = 64;   // of a tile
constexpr int PITCH = 66;  // of k
constexpr float LOG2E = 1.4426950408889634f;

template <int D, typename T>
struct Room {
    float rows[D][WARPS * ROWS];
    Pair<T> values[KEYS][D / 2];
    union {  // the keys, then the weights
        Pair<T> keys[D / 2][PITCH];
        float4 weights[WARPS][KEYS * ROWS / 4];
    };
};

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
attention_vectorised(const T* q, const T* k, const T* v, const int* cu_q, const int* cu_k, T* o,
                     int seq_q, int seq_k, int group, int left, int right, int bottom_right, float scale,
                     long long q_batch, long long q_head, long long q_row,
                     long long k_batch, long long k_head, long long k_row,
                     long long v_batch, long long v_head, long long v_row,
                     long long o_batch, long long o_head, long long o_row)
{
    static_assert(D % 64 == 0, "a lane has whole pairs, and four chunks of a row are read at once");
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

    for (int first = begin; first < end; first += KEYS) {
        __syncthreads();  // nobody still reads the values or the weights of the tile before; at first, q is written
        for (int i = threadIdx.x; i < KEYS * CHUNKS; i += 32 * WARPS) {
            // Four lanes to a row, so that whole sectors are read and 8 rows x 4 chunks fill the banks.
            const int key = i / 4 % KEYS;
            const int c = i / (4 * KEYS) * 4 + i % 4;
            const uint4 x = fetch(part.k, k_row, first + key, part.seq_k, c);
            for (int p = 0; p < 4; ++p)
                room.keys[c * 4 + p][key] = pair<T>(x, p);
        }
        for (int i = threadIdx.x; i < KEYS * CHUNKS; i += 32 * WARPS) {
            const int key = i / CHUNKS;
            const int c = i % CHUNKS;
            *reinterpret_cast<uint4*>(&room.values[key][c * 4]) = fetch(part.v, v_row, first + key, part.seq_k, c);
        }
        __syncthreads();  // the tile is there

        float s[ROWS][2] = {};
#pragma unroll 2
        for (int d = 0; d < D / 2; ++d) {
            const float2 a = widen(room.keys[d][lane]);
            const float2 b = widen(room.keys[d][lane + 32]);
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
        __syncthreads();  // all warps have their scores: the weights may take the place of the keys

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
