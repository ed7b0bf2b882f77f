// Attention forward by products of warp groups (wgmma), on sm_90a alone: FlashAttention-3 (Shah et al. 2024, alg. 1
// and 2), as far as it stays readable. What it adds to tensor_core.cu: the tensor cores take keys and values from shared
// memory themselves, so that no warp loads a fragment; and they run on while the warps take exponents. Without either a
// Hopper card stays below two thirds of its peak: docs/attention-wgmma.md counts what is gained.
//
// A block has 64 query rows for each of its consumers, warp groups that multiply, and one producer, a warp group that
// does nothing but bring tiles of 128 keys and their values:
//   producer   cp.async into two stages of each; a copy arrives at a stage's barrier `full` by itself, and a stage is
//              filled again once every consumer's warp has arrived at `empty`. It gives most of its registers back.
//   consumers  S = Q K^T of this tile and O += P V of the one before are issued together; as soon as S is there its
//              exponents are taken, while O is still being added up. S and O are in registers, and P, rounded, is
//              read from there: it lies as a product's A does.
//              They issue in turn, each when the one before has issued: so that the first takes exponents while
//              the others' products run, instead of all asking for the same unit at once.
// Rows of 128 bytes (64 numbers) are exchanged by chunks of 16 bytes, as the descriptors of the products say: eight lanes
// that copy a row meet all 32 banks, and so do the products that read eight rows. At D = 128 a tile is two panels.
// A tensor map (TMA) would bring a tile by one instruction of one thread, and past the fence below, but only the
// driver makes one, and a launch here is a kernel and its arguments. The price of cp.async: four warps that issue
// about four instructions for 32 copies, 32 or 40 registers for each of their threads, and the fence.
// Of a causal problem the last rows have most to do: they are begun first, of all heads.
// The price: one block a multiprocessor. At D = 64 three consumers with 160 registers a thread, and 90,184 bytes of
// shared memory; at D = 128 two with 232, and 163,912 bytes.
//
// Contract: problem.cuh, with D = 64 or 128. Launch: 512 threads at D = 64, else 384; grid = (heads, batch, ceil(longest
// seq_q / rows of a block)), 192 rows at D = 64, else 128.

#include <math_constants.h>

#include "exp2.cuh"
#include "mbarrier.cuh"
#include "problem.cuh"
#include "warp.cuh"
#include "wgmma.cuh"

constexpr int GROUP = 128;     // threads of a warp group
constexpr int OF_GROUP = 64;   // queries of a consumer
constexpr int KEYS = 128;      // of a tile
constexpr int STAGES = 2;
constexpr int WIDE = 64;       // numbers in a row of a panel, 128 bytes
constexpr float LOG2E = 1.4426950408889634f;

template <int D>
constexpr int CONSUMERS = D == 64 ? 3 : 2;  // as many as have registers enough
template <int D>
constexpr int ROWS = OF_GROUP * CONSUMERS<D>;  // of a block
template <int D>
constexpr int THREADS = GROUP * (CONSUMERS<D> + 1);

template <int D, typename T, int COUNT>
struct Tile {
    T panel[D / WIDE][COUNT][WIDE];
};

template <int D, typename T>
struct Room {
    Tile<D, T, KEYS> keys[STAGES];
    Tile<D, T, KEYS> values[STAGES];
    Tile<D, T, ROWS<D>> queries;
    Barrier queries_full;
    Barrier keys_full[STAGES], keys_empty[STAGES];
    Barrier values_full[STAGES], values_empty[STAGES];
};

// Tile n lies in stage n % STAGES, in a phase of its barriers that has this parity.
__device__ int stage_of(int n) { return n % STAGES; }
__device__ unsigned parity_of(int n) { return n / STAGES % 2; }

// By a warp group: rows first .. first + COUNT - 1 of a (count, D) matrix, as far as there are any; zeros beyond, as a
// product of zero with what lay in shared memory before could be NaN. Of a row that is not there nothing is read.
template <int D, typename T, int COUNT>
__device__ void fetch(Tile<D, T, COUNT>& to, const T* from, long long stride, int first, int count)
{
    const int row = threadIdx.x % GROUP / 8;  // of the 16 at once
    const int chunk = threadIdx.x % 8;        // of 16 bytes
    const T* mine = from + (first + row) * stride + chunk * 8;
#pragma unroll
    for (int n = 0; n < COUNT; n += GROUP / 8) {
        const bool there = first + row + n < count;
        for (int p = 0; p < D / WIDE; ++p)
            copy_16(&to.panel[p][row + n][(chunk ^ row % 8) * 8], mine + p * WIDE, there);
        mine += GROUP / 8 * stride;
    }
}

template <int D, typename T>
__device__ void produce(Room<D, T>& room, const Part<T>& part, long long q_row, long long k_row, long long v_row,
                        int first_row, int begin, int tiles)
{
    fetch(room.queries, part.q, q_row, first_row, part.seq_q);
    arrive_after_copies(room.queries_full);
    for (int n = 0; n < tiles; ++n) {
        const int stage = stage_of(n);
        wait(room.keys_empty[stage], parity_of(n) ^ 1);  // at first nobody has it
        fetch(room.keys[stage], part.k, k_row, begin + n * KEYS, part.seq_k);
        arrive_after_copies(room.keys_full[stage]);
        wait(room.values_empty[stage], parity_of(n) ^ 1);
        fetch(room.values[stage], part.v, v_row, begin + n * KEYS, part.seq_k);
        arrive_after_copies(room.values_full[stage]);
    }
}

// S = Q K^T, (64, 128), by D / 16 products; 16 dimensions are 32 bytes of a row, 64 a panel.
template <int D, typename T>
__device__ void multiply_keys(float (&s)[KEYS / 8][4], Descriptor queries, Descriptor keys)
{
#pragma unroll
    for (int d = 0; d < D / 16; ++d) {
        const int along = d % 4 * 32;
        const Descriptor a = queries + (d / 4 * ROWS<D> * WIDE * sizeof(T) + along) / 16;
        const Descriptor b = keys + (d / 4 * KEYS * WIDE * sizeof(T) + along) / 16;
        if (d == 0)
            Rows<T, 0>::multiply(s, a, b);
        else
            Rows<T, 1>::multiply(s, a, b);
    }
    commit_products();
}

// O += P V, 16 keys at a time.
template <int D, typename T>
__device__ void multiply_values(float (&acc)[D / 8][4], const unsigned (&weights)[KEYS / 16][4], Descriptor values)
{
#pragma unroll
    for (int n = 0; n < KEYS / 16; ++n)
        Columns<T>::multiply(acc, weights[n], values + n * 16 * WIDE * sizeof(T) / 16);
    commit_products();
}

// Consumers issue their products one after the other, round and round.
__device__ void take_turn(int consumer)
{
    asm volatile("bar.sync %0, %1;" ::"r"(1 + consumer), "n"(2 * GROUP) : "memory");
}
__device__ void give_turn(int consumer)
{
    asm volatile("bar.arrive %0, %1;" ::"r"(1 + consumer), "n"(2 * GROUP) : "memory");
}

// What a lane keeps of its two rows, lane / 4 of its warp's 16 and 8 further down.
struct Two {
    float m[2] = {-CUDART_INF_F, -CUDART_INF_F};  // maximum of the scores before they are scaled
    float l[2] = {};                              // this lane's part of the row's sum
    float rescale[2];                             // what all that was summed before the last tile is to be multiplied with
};

// Of a tile that not all rows of the warp group see whole.
template <typename T>
__device__ void mask(float (&s)[KEYS / 8][4], const Part<T>& part, int row, int first)
{
#pragma unroll
    for (int half = 0; half < 2; ++half) {
        const int key = first + threadIdx.x % 4 * 2;  // this lane's first
        const int from = part.first_key(row + 8 * half) - key;
        const int to = part.end_of_keys(row + 8 * half) - key;
#pragma unroll
        for (int n = 0; n < KEYS / 8; ++n)
#pragma unroll
            for (int j = 0; j < 2; ++j)
                if (n * 8 + j < from || n * 8 + j >= to)
                    s[n][2 * half + j] = -CUDART_INF_F;
    }
}

// Scores become weights, 2^(s * to_base_2 - base). A scale below zero would make the largest score the smallest, and
// zero times -inf is NaN: such a scale was multiplied with before, and is 1 here.
__device__ void weigh(float (&s)[KEYS / 8][4], Two& of, float to_base_2)
{
#pragma unroll
    for (int half = 0; half < 2; ++half) {
        float highest = of.m[half];
#pragma unroll
        for (int n = 0; n < KEYS / 8; ++n)
            highest = fmaxf(highest, fmaxf(s[n][2 * half], s[n][2 * half + 1]));
        highest = of_quad_max(highest);
        // Nothing but -inf so far: -inf - -inf is NaN, and 2^(-inf - 0) the zero that is meant.
        const float base = highest == -CUDART_INF_F ? 0.0f : highest * to_base_2;
        of.rescale[half] = exp2_or_zero(fmaf(of.m[half], to_base_2, -base));
        of.m[half] = highest;
        float sum = 0.0f;
#pragma unroll
        for (int n = 0; n < KEYS / 8; ++n)
#pragma unroll
            for (int j = 0; j < 2; ++j) {
                float& weight = s[n][2 * half + j];
                weight = exp2_or_zero(fmaf(weight, to_base_2, -base));
                sum += weight;
            }
        of.l[half] = fmaf(of.l[half], of.rescale[half], sum);
    }
}

template <typename T>
__device__ void round(unsigned (&weights)[KEYS / 16][4], const float (&s)[KEYS / 8][4])
{
#pragma unroll
    for (int n = 0; n < KEYS / 16; ++n)
#pragma unroll
        for (int i = 0; i < 4; ++i)
            weights[n][i] = pack<T>(s[2 * n + i / 2][i % 2 * 2], s[2 * n + i / 2][i % 2 * 2 + 1]);
}

// The output of 64 rows before the division: acc, and in `of` each lane's part of the sums.
template <int D, typename T>
__device__ void consume(Room<D, T>& room, const Part<T>& part, int consumer, int top, int begin, int tiles, float scale,
                        float (&acc)[D / 8][4], Two& of)
{
    const int lane = threadIdx.x % 32;
    const int bottom = min(top + OF_GROUP, part.seq_q) - 1;
    const int row = top + threadIdx.x % GROUP / 32 * 16 + lane / 4;  // this lane's first
    const Descriptor queries = rows_of_128_bytes(&room.queries.panel[0][consumer * OF_GROUP]);
    const Descriptor keys = rows_of_128_bytes(&room.keys[0]);
    const Descriptor values = rows_of_128_bytes(&room.values[0], sizeof(room.values[0].panel[0]));
    constexpr int STAGE = sizeof(room.keys[0]) / 16;
    float s[KEYS / 8][4] = {};
    unsigned weights[KEYS / 16][4] = {};

    const auto scores_to_weights = [&](int first) {
        const bool usual = scale > 0.0f;
        if (!usual)
#pragma unroll
            for (int n = 0; n < KEYS / 8; ++n)
                for (int i = 0; i < 4; ++i)
                    s[n][i] *= scale * LOG2E;
        if (first < part.first_key(bottom) || first + KEYS > part.end_of_keys(top))
            mask(s, part, row, first);
        weigh(s, of, usual ? scale * LOG2E : 1.0f);
    };

    wait(room.queries_full, 0);
    for (int n = 0; n < tiles; ++n) {
        const int stage = stage_of(n);
        const int before = stage_of(n + STAGES - 1);  // the stage of the tile before, if there was one
        wait(room.keys_full[stage], parity_of(n));
        if (n > 0)
            wait(room.values_full[before], parity_of(n - 1));
        show_to_products();
        if (consumer > 0 || n > 0)  // the first begins
            take_turn(consumer);
        keep_in_place(s);
        keep_in_place(acc);
        keep_in_place(weights);
        begin_products();
        multiply_keys<D, T>(s, queries, keys + stage * STAGE);
        if (n > 0)
            multiply_values<D, T>(acc, weights, values + before * STAGE);
        else
            commit_products();  // of nothing: so that there are two groups
        if (consumer < CONSUMERS<D> - 1 || n < tiles - 1)  // after the last nobody comes
            give_turn((consumer + 1) % CONSUMERS<D>);
        wait_for_products<1>();  // the scores are there
        keep_in_place(s);
        if (lane == 0)
            arrive(room.keys_empty[stage]);
        scores_to_weights(begin + n * KEYS);
        wait_for_products<0>();
        keep_in_place(acc);
        keep_in_place(weights);
        if (lane == 0 && n > 0)
            arrive(room.values_empty[before]);
#pragma unroll
        for (int d = 0; d < D / 8; ++d)
#pragma unroll
            for (int i = 0; i < 4; ++i)
                acc[d][i] *= of.rescale[i / 2];
        round<T>(weights, s);
    }

    wait(room.values_full[stage_of(tiles - 1)], parity_of(tiles - 1));
    show_to_products();
    keep_in_place(acc);
    keep_in_place(weights);
    begin_products();
    multiply_values<D, T>(acc, weights, values + stage_of(tiles - 1) * STAGE);
    wait_for_products<0>();
    keep_in_place(acc);
}

template <int D, typename T>
__global__ void __launch_bounds__(THREADS<D>, 1)
attention_wgmma(const T* q, const T* k, const T* v, const int* cu_q, const int* cu_k, T* o,
                int seq_q, int seq_k, int group, int left, int right, int bottom_right, float scale,
                long long q_batch, long long q_head, long long q_row,
                long long k_batch, long long k_head, long long k_row,
                long long v_batch, long long v_head, long long v_row,
                long long o_batch, long long o_head, long long o_row)
{
    extern __shared__ __align__(1024) unsigned char shared[];  // the units of the descriptors begin at such multiples
    auto& room = *reinterpret_cast<Room<D, T>*>(shared);
    const Part<T> part = part_of(blockIdx.y, blockIdx.x, q, k, v, cu_q, cu_k, o, seq_q, seq_k, group, left, right,
                                 bottom_right, {q_batch, q_head, q_row}, {k_batch, k_head, k_row},
                                 {v_batch, v_head, v_row}, {o_batch, o_head, o_row});
    const int first_row = (gridDim.z - 1 - blockIdx.z) * ROWS<D>;
    if (first_row >= part.seq_q)
        return;  // all of the block: sequences may be of different lengths
    const int last_row = min(first_row + ROWS<D>, part.seq_q) - 1;
    const int begin = part.first_key(first_row) / KEYS * KEYS;  // all that any row of the block sees
    const int tiles = (max(part.end_of_keys(last_row), begin) - begin + KEYS - 1) / KEYS;

    if (threadIdx.x == 0) {
        init(room.queries_full, GROUP);
        for (int stage = 0; stage < STAGES; ++stage) {
            init(room.keys_full[stage], GROUP);
            init(room.values_full[stage], GROUP);
            init(room.keys_empty[stage], CONSUMERS<D> * GROUP / 32);  // a lane of each warp
            init(room.values_empty[stage], CONSUMERS<D> * GROUP / 32);
        }
    }
    __syncthreads();  // nobody arrives at a barrier, or waits for it, before it is made

    if (threadIdx.x < GROUP) {
        give_registers_back<D == 64 ? 32 : 40>();
        if (tiles > 0)
            produce(room, part, q_row, k_row, v_row, first_row, begin, tiles);
        return;
    }
    take_registers<D == 64 ? 160 : 232>();
    // The same in all lanes: said by a shuffle, the compiler believes it, and keeps descriptors in uniform registers.
    const int consumer = __shfl_sync(ALL, threadIdx.x / GROUP, 0) - 1;
    const int top = first_row + consumer * OF_GROUP;
    float acc[D / 8][4] = {};
    Two of;
    if (tiles > 0)
        consume(room, part, consumer, top, begin, tiles, scale, acc, of);

    T* out = output_of(blockIdx.y, blockIdx.x, cu_q, o, {o_batch, o_head, o_row});
#pragma unroll
    for (int half = 0; half < 2; ++half) {
        const float total = of_quad_sum(of.l[half]);
        const float norm = total > 0.0f ? 1.0f / total : 0.0f;
        const int at = top + threadIdx.x % GROUP / 32 * 16 + threadIdx.x % 32 / 4 + 8 * half;
        if (at <= last_row)
#pragma unroll
            for (int n = 0; n < D / 8; ++n)
                *reinterpret_cast<Pair<T>*>(out + at * o_row + n * 8 + threadIdx.x % 4 * 2) =
                    narrow<T>(acc[n][2 * half] * norm, acc[n][2 * half + 1] * norm);
    }
}
