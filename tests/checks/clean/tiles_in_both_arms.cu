// launch: grid=1 block=64 args=i32[64]=0..9,i32[64]:out
// Tiles of 16 lanes, each parted in two arms; two tiles of a warp do not wait for each other.
#include <cooperative_groups.h>
namespace cg = cooperative_groups;
__global__ void pairs(const int* x, int* y) {
    __shared__ int cell[64];
    const auto tile = cg::tiled_partition<16>(cg::this_thread_block());
    const int t = threadIdx.x, first = t - tile.thread_rank();
    int sum = 0;
#pragma unroll 1
    for (int i = 0; i <= t / 16; ++i) {
        if (tile.thread_rank() < 8) {
            cell[t] = x[t] + i;
            tile.sync();
            sum += cell[first + 15 - tile.thread_rank()];
            tile.sync();
        } else {
            cell[t] = x[t] - i;
            tile.sync();
            sum -= cell[first + 15 - tile.thread_rank()];
            tile.sync();
        }
    }
    y[t] = sum;
}
