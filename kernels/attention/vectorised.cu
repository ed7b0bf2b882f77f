// Attention forward, vectorised: what it adds to tiled.cu is a register tile. A lane has two keys of a tile and
// a warp 16 rows, so that what is read from shared memory serves 32 multiply-adds a lane instead of two, and
// what is read from global memory comes 16 bytes at a time. Still no tensor cores: float32 arithmetic.
//
// A block has 64 query rows, each of its 4 warps 16 of them, and walks over tiles of 64 keys:
//   scores   lane t has keys t and t + 32; a pair of dimensions of 16 rows is the same for all lanes (broadcast);
//   softmax  a row lies across the warp: its maximum takes five shuffles, its sum stays in pieces until the end;
//   value    lane t has dimensions 2t and 2t + 1; a weight is the same for all lanes, so weights go through
//            shared memory, each warp its own.
// The price: 40,960 bytes of shared memory, and 165 to 168 registers a thread.
//
// Where things lie in shared memory, with no bank conflict in any access:
//   q        float [dimension][row]: a warp reads four rows of one dimension at once, all lanes the same ones;
//   k        half2 [pair of dimensions][key], 66 to a row: 8 lanes that write 4 pairs of 8 keys are 8 banks apart;
//   v        half [key][dimension], as in global memory;
//   weights  float [key][row], each warp its own; they take the place of k, which nobody needs then.
//
// Contract: as naive.cu, but every row of q, k and v begins at a multiple of 16 bytes.
// blockDim.x = 128; grid = (ceil(seq_q / 64), heads, batch).

#include <cuda_fp16.h>
#include <math_constants.h>

#include "exp2.cuh"
#include "warp.cuh"

constexpr int D = 64;
constexpr int ROWS = 16;   // of a warp
constexpr int WARPS = 4;
constexpr int KEYS = 64;   // of a tile
constexpr int PITCH = 66;  // of k
constexpr int CHUNKS = D / 8;  // of 16 bytes in a row
constexpr float LOG2E = 1.4426950408889634f;

// 16 bytes of a row that may lie beyond the end: zeros there, for 0 * garbage may be NaN.
__device__ uint4 fetch(const __half* from, long long stride, int row, int count, int chunk)
{
    return row < count ? *reinterpret_cast<const uint4*>(from + row * stride + chunk * 8) : make_uint4(0, 0, 0, 0);
}

// Elements 2p and 2p + 1 of a chunk.
__device__ __half2 pair(const uint4& chunk, int p)
{
    return reinterpret_cast<const __half2*>(&chunk)[p];
}

// Where a warp's weights of a key lie for rows 4 quad to 4 quad + 3. Eight lanes write those of eight keys at
// once, four float4 apart: exchanging the quads by pairs of keys spreads them over all banks.
__device__ int place(int key, int quad)
{
    return key * (ROWS / 4) + (quad ^ key / 2 % 4);
}

extern "C" __global__ void __launch_bounds__(32 * WARPS)
attention_vectorised_d64(const __half* q, const __half* k, const __half* v, __half* o, int seq_q, int seq_k,
                         long long q_batch, long long q_head, long long q_row,
                         long long k_batch, long long k_head, long long k_row,
                         long long v_batch, long long v_head, long long v_row,
                         long long o_batch, long long o_head, long long o_row, float scale, int causal)
{
    __shared__ alignas(16) float rows[D][WARPS * ROWS];
    __shared__ alignas(16) __half2 values[KEYS][D / 2];
    __shared__ float4 either[WARPS][KEYS * ROWS / 4];  // the keys, then the weights
    auto keys = reinterpret_cast<__half2(*)[PITCH]>(&either);  // [D / 2][PITCH]
    q += blockIdx.z * q_batch + blockIdx.y * q_head;
    k += blockIdx.z * k_batch + blockIdx.y * k_head;
    v += blockIdx.z * v_batch + blockIdx.y * v_head;
    o += blockIdx.z * o_batch + blockIdx.y * o_head;

    const int lane = threadIdx.x % 32;
    const int warp = threadIdx.x / 32;
    const int first_row = blockIdx.x * WARPS * ROWS;
    const int row = first_row + warp * ROWS;  // this warp's first
    const int shift = seq_k - seq_q;          // causal: row i sees keys up to i + shift
    const int last = causal ? min(seq_k, first_row + WARPS * ROWS + shift) : seq_k;  // keys that any row of the block sees
    const float to_base_2 = scale * LOG2E;

    // Lanes go down the rows, so that 32 of them write to 32 banks; each reads a whole row, chunk by chunk.
    for (int i = threadIdx.x; i < WARPS * ROWS * CHUNKS; i += 32 * WARPS) {
        const int r = i % (WARPS * ROWS);
        const int c = i / (WARPS * ROWS);
        const uint4 x = fetch(q, q_row, first_row + r, seq_q, c);
        for (int p = 0; p < 4; ++p) {
            const float2 two = __half22float2(pair(x, p));
            rows[c * 8 + 2 * p][r] = two.x * to_base_2;
            rows[c * 8 + 2 * p + 1][r] = two.y * to_base_2;
        }
    }

    float m[ROWS];
    float l[ROWS];  // this lane's part of the row's sum
    float acc[ROWS][2] = {};
    for (int r = 0; r < ROWS; ++r) {
        m[r] = -CUDART_INF_F;
        l[r] = 0.0f;
    }

    for (int first = 0; first < last; first += KEYS) {
        __syncthreads();  // nobody still reads the values or the weights of the tile before; at first, q is written
        for (int i = threadIdx.x; i < KEYS * CHUNKS; i += 32 * WARPS) {
            // Four lanes to a row, so that whole sectors are read and 8 rows x 4 chunks fill the banks.
            const int key = i / 4 % KEYS;
            const int c = i / (4 * KEYS) * 4 + i % 4;
            const uint4 x = fetch(k, k_row, first + key, seq_k, c);
            for (int p = 0; p < 4; ++p)
                keys[c * 4 + p][key] = pair(x, p);
        }
        for (int i = threadIdx.x; i < KEYS * CHUNKS; i += 32 * WARPS) {
            const int key = i / CHUNKS;
            const int c = i % CHUNKS;
            *reinterpret_cast<uint4*>(&values[key][c * 4]) = fetch(v, v_row, first + key, seq_k, c);
        }
        __syncthreads();  // the tile is there

        float s[ROWS][2] = {};
#pragma unroll 2
        for (int d = 0; d < D / 2; ++d) {
            const float2 a = __half22float2(keys[d][lane]);
            const float2 b = __half22float2(keys[d][lane + 32]);
            for (int quad = 0; quad < ROWS / 4; ++quad) {
                const float4 x = *reinterpret_cast<const float4*>(&rows[2 * d][warp * ROWS + 4 * quad]);
                const float4 y = *reinterpret_cast<const float4*>(&rows[2 * d + 1][warp * ROWS + 4 * quad]);
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
            const int limit = causal ? min(seq_k, row + r + shift + 1) : seq_k;
            for (int j = 0; j < 2; ++j)
                if (first + lane + 32 * j >= limit)
                    s[r][j] = -CUDART_INF_F;
            const float m_new = fmaxf(m[r], reduce_max(fmaxf(s[r][0], s[r][1])));
            // Nothing but -inf so far: -inf - -inf is NaN, and 2^(-inf - 0) the zero that is meant.
            const float base = m_new == -CUDART_INF_F ? 0.0f : m_new;
            const float rescale = exp2_or_zero(m[r] - base);
            m[r] = m_new;
            for (int j = 0; j < 2; ++j) {
                s[r][j] = exp2_or_zero(s[r][j] - base);
                acc[r][j] *= rescale;
            }
            l[r] = fmaf(l[r], rescale, s[r][0] + s[r][1]);
        }
        for (int j = 0; j < 2; ++j)
            for (int quad = 0; quad < ROWS / 4; ++quad)
                either[warp][place(lane + 32 * j, quad)] =
                    make_float4(s[4 * quad][j], s[4 * quad + 1][j], s[4 * quad + 2][j], s[4 * quad + 3][j]);
        __syncwarp();  // a warp's weights are read by all its lanes
#pragma unroll 8  // so that a weight's place is known
        for (int key = 0; key < KEYS; ++key) {
            const float2 a = __half22float2(values[key][lane]);
            for (int quad = 0; quad < ROWS / 4; ++quad) {
                const float4 w = either[warp][place(key, quad)];
                const float ws[4] = {w.x, w.y, w.z, w.w};
                for (int r = 0; r < 4; ++r) {
                    acc[4 * quad + r][0] = fmaf(ws[r], a.x, acc[4 * quad + r][0]);
                    acc[4 * quad + r][1] = fmaf(ws[r], a.y, acc[4 * quad + r][1]);
                }
            }
        }
    }

    for (int r = 0; r < ROWS; ++r) {
        const float total = reduce_sum(l[r]);
        const float norm = total > 0.0f ? 1.0f / total : 0.0f;
        if (row + r < seq_q)
            reinterpret_cast<__half2*>(o + (row + r) * o_row)[lane] =
                __floats2half2_rn(acc[r][0] * norm, acc[r][1] * norm);
    }
}
