// C = A B on tensor cores. What it adds to tiled.cu: the products are mma.sync m16n8k16, the operands stay 16
// bits wide all the way into the registers (ldmatrix), and the next tile is on its way (cp.async, two stages)
// while this one is worked on.
//
// A block has 128 x 128 elements of C, each of its 8 warps 64 x 32 of them in registers, and walks along k, 32
// at a time; tile.cuh has what it does with them, and where they lie.
// The price: 32,768 bytes of shared memory and up to 128 registers a thread: two blocks on a multiprocessor.
//
// Contract: as tiled.cu, but every row of a and b begins at a multiple of 16 bytes; where c's rows do so, too,
// they are written 16 bytes at a time. m, n, k may be anything: a chunk that hangs over an edge is read only as
// far as there is something. blockDim.x = 256; grid = (ceil(m / 128), ceil(n / 128)). From sm_80 on.

#include "tile.cuh"

template <typename T>
__device__ void gemm(const Matrix<const T>& a, const Matrix<const T>& b, const Matrix<T>& c)
{
    __shared__ Stage stages[2];
    Sums sums = {};
    fetch_stage(stages[0], a, b, 0);
    commit();
    for (int first = 0; first < a.columns; first += DEPTH) {
        const int stage = first / DEPTH % 2;
        if (first + DEPTH < a.columns)
            fetch_stage(stages[1 - stage], a, b, first + DEPTH);
        commit();         // empty in the last turn, so that the count of groups is the same in each
        wait<1>();        // all but the newest group: this tile
        __syncthreads();  // every thread's part of it
        multiply_stage<T>(sums, stages[stage]);
        __syncthreads();  // all have read this stage before the next turn's fetch, or C, overwrites it
    }
    write_tile(sums, stages[0].a, c);
}

extern "C" __global__ void __launch_bounds__(THREADS, 2)
gemm_tensor_core_fp16(const __half* a, const __half* b, __half* c, int m, int n, int k, long long pitch_a,
                      long long pitch_b, long long pitch_c)
{
    gemm<__half>({a, pitch_a, m, k}, {b, pitch_b, k, n}, {c, pitch_c, m, n});
}

extern "C" __global__ void __launch_bounds__(THREADS, 2)
gemm_tensor_core_bf16(const __nv_bfloat16* a, const __nv_bfloat16* b, __nv_bfloat16* c, int m, int n, int k,
                      long long pitch_a, long long pitch_b, long long pitch_c)
{
    gemm<__nv_bfloat16>({a, pitch_a, m, k}, {b, pitch_b, k, n}, {c, pitch_c, m, n});
}
