// C = A B, pipelined: what it adds to tensor_core.cu is a third stage, and what that makes possible: one barrier a tile
// and not two, and two tiles on their way while one is worked on. Where a tile's products are over before a copy from
// memory has come, every turn waits if there is but one tile under way. How much that saves has not been measured.
//
// The stages go round. In turn t a block works on stage t % 3, and fetches tile t + 2 into the stage of tile t - 1: the
// barrier at the head of the turn, which is there for tile t's copies, says as well that all have read tile t - 1.
// The price: 49,152 bytes of shared memory, all that there is without asking for more. Two blocks still fit on a
// multiprocessor; a fourth stage would leave one on an L4.
//
// Contract: as tensor_core.cu.

#include "tile.cuh"

constexpr int STAGES = 3;

template <typename T>
__device__ void gemm(const Matrix<const T>& a, const Matrix<const T>& b, const Matrix<T>& c)
{
    __shared__ Stage stages[STAGES];
    const int tiles = (a.columns + DEPTH - 1) / DEPTH;
    Sums sums = {};
    for (int tile = 0; tile < STAGES - 1; ++tile) {
        if (tile < tiles)
            fetch_stage(stages[tile], a, b, tile * DEPTH);
        commit();
    }
    int stage = 0;            // of this turn's tile
    int behind = STAGES - 1;  // of the one before it
    for (int tile = 0; tile < tiles; ++tile) {
        wait<STAGES - 2>();  // all but the newest group: this tile
        __syncthreads();     // every thread's part of it; and all have read the tile before
        if (tile + STAGES - 1 < tiles)
            fetch_stage(stages[behind], a, b, (tile + STAGES - 1) * DEPTH);
        commit();  // empty in the last turns, so that the count of groups is the same in each
        multiply_stage<T>(sums, stages[stage]);
        behind = stage;
        stage = stage + 1 == STAGES ? 0 : stage + 1;
    }
    __syncthreads();  // all have read the last tile before C overwrites it
    write_tile(sums, stages[0].a, c);
}

extern "C" __global__ void __launch_bounds__(THREADS, 2)
gemm_pipelined_fp16(const __half* a, const __half* b, __half* c, int m, int n, int k, long long pitch_a,
                    long long pitch_b, long long pitch_c)
{
    gemm<__half>({a, pitch_a, m, k}, {b, pitch_b, k, n}, {c, pitch_c, m, n});
}

extern "C" __global__ void __launch_bounds__(THREADS, 2)
gemm_pipelined_bf16(const __nv_bfloat16* a, const __nv_bfloat16* b, __nv_bfloat16* c, int m, int n, int k,
                    long long pitch_a, long long pitch_b, long long pitch_c)
{
    gemm<__nv_bfloat16>({a, pitch_a, m, k}, {b, pitch_b, k, n}, {c, pitch_c, m, n});
}
