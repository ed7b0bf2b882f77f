// Row sums in float32, one thread block a row, in three steps: a lane's own numbers, then the 32 lanes of a
// warp, then the warps of the block.
//
// Floating-point addition is not associative, so that the order is part of the result. Here it follows from
// the shape alone: no atomics, nothing that comes first by chance. The same row gives the same bits every time,
// and the tree's error grows with log(cols) beyond a lane's own part, not with cols.
// The price: 128 bytes of shared memory and one barrier.
//
// Each step in turn halves what is left: shuffles need no memory, shared memory none of the card's.
// A lane keeps four sums, so that four additions are under way at once and not each waits for the one before.
//
// Contract: x is (rows, cols), rows `pitch` elements apart, cols >= 1; y holds rows elements;
// blockDim.x is a multiple of 32 and at most 1024; gridDim.x = rows.

#include "chunk.cuh"
#include "warp.cuh"

extern "C" __global__ void __launch_bounds__(1024)
block_reduce(const float* x, float* y, int cols, long long pitch)
{
    x += blockIdx.x * pitch;
    const int chunks = aligned(x) ? cols / 4 : 0;  // 16 bytes at a time where the row begins at a multiple of 16
    float sums[4] = {};
    for (int i = threadIdx.x; i < chunks; i += blockDim.x) {
        const Chunk<float> four = load(x, i);
        for (int j = 0; j < 4; ++j)
            sums[j] += four.at[j];
    }
    for (int c = 4 * chunks + threadIdx.x; c < cols; c += blockDim.x)
        sums[0] += x[c];
    float sum = reduce_sum((sums[0] + sums[1]) + (sums[2] + sums[3]));

    __shared__ float of_warp[32];  // [warp]
    const int warp = threadIdx.x / 32;
    const int lane = threadIdx.x % 32;
    if (lane == 0)
        of_warp[warp] = sum;
    __syncthreads();  // the first warp reads what the others have written
    if (warp != 0)
        return;
    // Lanes beyond the last warp bring zero, not what lay in memory.
    const int warps = blockDim.x / 32;
    sum = reduce_sum(lane < warps ? of_warp[lane] : 0.0f);
    if (lane == 0)
        y[blockIdx.x] = sum;
}
