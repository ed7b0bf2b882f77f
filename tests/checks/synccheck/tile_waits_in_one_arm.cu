// launch: grid=1 block=32 args=i32[32],i32[32]:out
// Of a tile of eight the lower half meets, and the upper half does not.
#include <cooperative_groups.h>
namespace cg = cooperative_groups;
__global__ void halves(const int* x, int* y) {
    __shared__ int cell[32];
    const auto tile = cg::tiled_partition<8>(cg::this_thread_block());
    const int t = threadIdx.x;
    cell[t] = x[t];
    tile.sync();
    if (tile.thread_rank() < 4) {
        const int v = cell[t + 4];
        asm volatile("bar.warp.sync %0;" ::"r"(0xffu << (t & 24)) : "memory");  // expect: synccheck member-mask
        cell[t] = v;
    }
    y[t] = cell[t];
}
