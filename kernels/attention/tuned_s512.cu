// Attention forward for one shape on one card: 8 heads of 512 queries and keys, D = 64, fp16, on an L4 (sm_89,
// 58 multiprocessors). What it adds to tensor_core.cu is a division of the work that fits that card, no masks, and
// addresses known when it is compiled. docs/attention-s512.md has the figures that led here.
//
// A block has 80 query rows of one head: 7 blocks a head, 56 in all, so that all of them run at once on 58
// multiprocessors, one on each, and none waits for a second turn. (64 rows would be 64 blocks: six multiprocessors
// would have two of them, and take as long as if all had.) Its 20 warps are 5 groups of 16 rows times 4 groups of
// keys; five warps on each of a multiprocessor's four tensor cores let one multiply while others take exponents.
//   tiles    128 keys and values at a time, in 3 stages: two tiles are on their way while one is worked on;
//   keys     of each tile a key group takes 32, so that a warp has its own maximum, sum and output of 128 keys;
//   merge    at the end the four outputs of a row meet in shared memory, where the tiles were: each is rescaled
//            to the row's maximum over all keys, as a split over blocks would do it.
// The last block of a head has 32 rows left: three of its row groups help to fetch, and compute nothing.
//
// A row of a tile is 128 bytes, and chunk c of row r, of 16 bytes, lies at c ^ (r % 8): the 8 rows which ldmatrix
// reads at once lie in different banks without padding, and three stages fit in 96 KB of the 99 that a block may have.
// The price: 98,304 bytes of dynamic shared memory and one block a multiprocessor, at most 96 registers a thread.
//
// Contract: q, k, v and o are (batch * heads, 512, 64), fp16, contiguous, aligned to 16 bytes; scale is not negative
// (the maximum is taken before it is multiplied). blockDim.x = 640; grid = (7, batch * heads); sums in float32.

#include <cfloat>
#include <cuda_fp16.h>

#include "exp2.cuh"
#include "mma.cuh"
#include "warp.cuh"

constexpr int S = 512;
constexpr int D = 64;
constexpr int ROW_GROUPS = 5;
constexpr int KEY_GROUPS = 4;
constexpr int ROWS = 16 * ROW_GROUPS;  // queries of a block
constexpr int KEYS = 128;              // of a tile
constexpr int PART = KEYS / KEY_GROUPS;  // of a tile, for one warp
constexpr int TILES = S / KEYS;
constexpr int STAGES = 3;
constexpr int THREADS = 32 * ROW_GROUPS * KEY_GROUPS;
constexpr int CHUNK = 8;  // halves: 16 bytes
constexpr float LOG2E = 1.4426950408889634f;

using Tile = __half[KEYS][D];
struct Stage {
    Tile keys, values;
};
// What the stages' memory holds after the last tile: each key group's part of every row.
struct Parts {
    float outputs[KEY_GROUPS][ROWS][D];
    float2 sums[KEY_GROUPS][ROWS];  // maximum of the scores, sum of the weights
};
constexpr int SHARED = STAGES * sizeof(Stage);  // what the launch gives

static_assert(S % KEYS == 0 && S % 16 == 0, "no ragged tile, no ragged group of rows");
static_assert(ROWS * D == THREADS * CHUNK, "a thread fetches one chunk of Q");
static_assert(ROWS % 8 == 0 && ROWS < KEYS && KEYS <= 2 * ROWS, "and one or two of a tile, swizzled alike");
static_assert(sizeof(Parts) <= SHARED, "the parts take the place of the stages");
static_assert(SHARED <= 99 * 1024, "what sm_89 lets a block have");

// Where chunk c of row r lies in a tile, in halves. As 2 d + e is 2 d ^ e for e = 0 and 1, chunk 2 d + e lies at
// place(r, e) ^ 16 d: one place a lane, and one instruction for each of the others.
__device__ unsigned place(unsigned r, unsigned c)
{
    return r * D + (c ^ r % 8) * CHUNK;
}

// Tiles are contiguous in global memory: a warp reads 512 bytes at once. A thread's second chunk is 80 rows after
// its first, and as 80 is a multiple of 8, it is swizzled alike; a tile ends with that of the block's thread 383.
__device__ void fetch(Stage& to, const __half* keys, const __half* values)
{
    constexpr int FIRST = THREADS * CHUNK;
    const int from = threadIdx.x * CHUNK;
    const int at = place(threadIdx.x / (D / CHUNK), threadIdx.x % (D / CHUNK));
    copy_16(&to.keys[0][0] + at, keys + from, true);
    copy_16(&to.values[0][0] + at, values + from, true);
    if (threadIdx.x < KEYS * D / CHUNK - THREADS) {
        copy_16(&to.keys[0][0] + at + FIRST, keys + from + FIRST, true);
        copy_16(&to.values[0][0] + at + FIRST, values + from + FIRST, true);
    }
}

// Where columns 8 n to 8 n + 7 of a row's part lie, in floats: 8 rows of one column are in 4 x 8 different banks,
// which is what half a warp writes and a quarter of one reads at a time.
__device__ int block_of(int row, int n)
{
    return (n ^ row % 8) * 8;
}

extern "C" __global__ void __launch_bounds__(THREADS, 1)
attention_tuned_s512(const __half* q, const __half* k, const __half* v, __half* o, float scale)
{
    extern __shared__ uint4 memory[];
    Stage* stages = reinterpret_cast<Stage*>(memory);
    Parts& parts = *reinterpret_cast<Parts*>(memory);

    const unsigned lane = threadIdx.x % 32;
    const unsigned keys_of = threadIdx.x / 32 % KEY_GROUPS;  // this warp's key group
    const unsigned rows_of = threadIdx.x / 32 / KEY_GROUPS;  // this warp's row group
    const int first_row = blockIdx.x * ROWS;
    const bool live = first_row + rows_of * 16 < S;  // the same for a whole warp
    const long long head = static_cast<long long>(blockIdx.y) * S * D;
    q += head + first_row * D;
    k += head;
    v += head;
    o += head + first_row * D;

    // Q takes the place of the third stage until it is in registers.
    Tile& queries = stages[2].keys;
    if (first_row + static_cast<int>(threadIdx.x) / (D / CHUNK) < S)
        copy_16(&queries[0][0] + place(threadIdx.x / (D / CHUNK), threadIdx.x % (D / CHUNK)), q + threadIdx.x * CHUNK, true);
    commit();
    for (int tile = 0; tile < 2; ++tile) {
        fetch(stages[tile], k + tile * KEYS * D, v + tile * KEYS * D);
        commit();
    }
    wait<2>();
    __syncthreads();  // Q has arrived, every thread's part of it
    unsigned a_q[D / 16][4];
    if (live)
        for (int d = 0; d < D / 16; ++d)
            load_matrices(a_q[d], &queries[0][0] + place(rows_of * 16 + lane % 16, 2 * d + lane / 16));

    // Of the rows that this lane points ldmatrix to, in its warp's part of a tile.
    const unsigned of_key = place(keys_of * PART + lane % 8 + lane / 16 * 8, lane / 8 % 2);
    const unsigned of_value = place(keys_of * PART + lane % 16, lane / 16);
    const float to_base_2 = scale * LOG2E;
    float m[2] = {-FLT_MAX, -FLT_MAX};  // of the scores before they are scaled; finite, so that no difference is NaN
    float l[2] = {0.0f, 0.0f};          // this lane's part of the row's sum
    float acc[D / 8][4] = {};

#pragma unroll 1  // the code of one tile is enough; unrolled it would save nothing but a few addresses
    for (int tile = 0, now = 0; tile < TILES; ++tile, now = now + 1 == STAGES ? 0 : now + 1) {
        wait<1>();        // all but the newest group: this tile
        __syncthreads();  // every thread's part of it; and all have read the tile before (at first, Q)
        if (tile + 2 < TILES)  // goes where the tile before was
            fetch(stages[now == 0 ? STAGES - 1 : now - 1], k + (tile + 2) * KEYS * D, v + (tile + 2) * KEYS * D);
        commit();  // empty in the last two turns, so that the count of groups is the same in each
        if (!live)
            continue;

        const __half* keys = &stages[now].keys[0][0];
        const __half* values = &stages[now].values[0][0];
        float s[PART / 8][4] = {};
        for (int d = 0; d < D / 16; ++d)
            for (int n = 0; n < PART / 16; ++n) {
                unsigned b[4];  // keys 0-7 with dimensions 0-7 and 8-15, then keys 8-15
                load_matrices(b, keys + n * 16 * D + (of_key ^ d * 16));
                multiply(s[2 * n], a_q[d], b[0], b[1]);
                multiply(s[2 * n + 1], a_q[d], b[2], b[3]);
            }

        for (int half = 0; half < 2; ++half) {  // of the fragment: row, then row + 8
            float highest = m[half];
            for (int n = 0; n < PART / 8; ++n)
                highest = fmaxf(highest, fmaxf(s[n][2 * half], s[n][2 * half + 1]));
            highest = of_quad_max(highest);
            const float base = highest * to_base_2;
            const float rescale = exp2_or_zero(fmaf(m[half], to_base_2, -base));
            m[half] = highest;
            l[half] *= rescale;
            for (int n = 0; n < PART / 8; ++n)
                for (int j = 2 * half; j < 2 * half + 2; ++j) {
                    s[n][j] = exp2_or_zero(fmaf(s[n][j], to_base_2, -base));
                    l[half] += s[n][j];
                }
            for (int n = 0; n < D / 8; ++n)
                for (int j = 2 * half; j < 2 * half + 2; ++j)
                    acc[n][j] *= rescale;
        }

        for (int n = 0; n < PART / 16; ++n) {
            const unsigned a_p[4] = {pack(s[2 * n][0], s[2 * n][1]), pack(s[2 * n][2], s[2 * n][3]),
                                     pack(s[2 * n + 1][0], s[2 * n + 1][1]), pack(s[2 * n + 1][2], s[2 * n + 1][3])};
            for (int d = 0; d < D / 16; ++d) {
                unsigned b[4];  // dimensions 0-7 of keys 0-7 and 8-15, then dimensions 8-15
                load_transposed(b, values + n * 16 * D + (of_value ^ d * 16));
                multiply(acc[2 * d], a_p, b[0], b[1]);
                multiply(acc[2 * d + 1], a_p, b[2], b[3]);
            }
        }
    }

    __syncthreads();  // all have read the last tile: the parts may take its place
    if (live)
        for (int half = 0; half < 2; ++half) {
            const int row = rows_of * 16 + half * 8 + lane / 4;
            for (int n = 0; n < D / 8; ++n)
                *reinterpret_cast<float2*>(&parts.outputs[keys_of][row][block_of(row, n) + lane % 4 * 2]) =
                    make_float2(acc[n][2 * half], acc[n][2 * half + 1]);
            const float sum = of_quad_sum(l[half]);
            if (lane % 4 == 0)
                parts.sums[keys_of][row] = make_float2(m[half], sum);
        }
    __syncthreads();  // every part of every row is there

    // Four columns a thread: half a warp writes a row of 128 bytes.
    const int rows = min(ROWS, S - first_row);
    for (int i = threadIdx.x; i < rows * (D / 4); i += THREADS) {
        const int row = i / (D / 4);
        const int column = i % (D / 4) * 4;
        float highest = parts.sums[0][row].x;
        for (int part = 1; part < KEY_GROUPS; ++part)
            highest = fmaxf(highest, parts.sums[part][row].x);
        float total = 0.0f;
        float4 sum = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
        for (int part = 0; part < KEY_GROUPS; ++part) {
            const float2 its = parts.sums[part][row];
            const float weight = exp2_or_zero((its.x - highest) * to_base_2);
            const float4 x = *reinterpret_cast<const float4*>(&parts.outputs[part][row][block_of(row, column / 8) + column % 8]);
            total = fmaf(its.y, weight, total);
            sum.x = fmaf(x.x, weight, sum.x);
            sum.y = fmaf(x.y, weight, sum.y);
            sum.z = fmaf(x.z, weight, sum.z);
            sum.w = fmaf(x.w, weight, sum.w);
        }
        const float norm = __fdividef(1.0f, total);  // the largest score of a row weighs 1, so total is at least 1
        *reinterpret_cast<uint2*>(o + row * D + column) =
            make_uint2(pack(sum.x * norm, sum.y * norm), pack(sum.z * norm, sum.w * norm));
    }
}
