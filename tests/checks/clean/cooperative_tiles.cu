// launch: grid=1 block=64 args=f32[64],f32[8]:out
// Groups of eight lanes, each with its own sum.
#include <cooperative_groups.h>
namespace cg = cooperative_groups;
__global__ void tiles(const float* x, float* y) {
    const cg::thread_block block = cg::this_thread_block();
    const auto tile = cg::tiled_partition<8>(block);
    float v = x[block.thread_rank()];
    for (int d = tile.size() / 2; d; d >>= 1) v += tile.shfl_down(v, d);
    if (tile.thread_rank() == 0) y[block.thread_rank() / 8] = v;
}
