// launch: grid=1 block=32 args=i32[32]=1..6,i32[32]:out
// Tiles of four loop as often as their first lane says, parted inside, and leave one by one.
#include <cooperative_groups.h>
namespace cg = cooperative_groups;
__global__ void loops(const int* x, int* y) {
    __shared__ int cell[32];
    const auto tile = cg::tiled_partition<4>(cg::this_thread_block());
    const int t = threadIdx.x, first = t & ~3;
    int sum = 0;
#pragma unroll 1
    for (int i = 0; i < x[first]; ++i) {
        if (t & 1) {
            cell[t] = i + t;
            tile.sync();
            sum += cell[t ^ 1];
        } else {
            cell[t] = i - t;
            tile.sync();
            sum -= cell[t ^ 3];
        }
        tile.sync();
    }
    y[t] = sum;
}
