// launch: grid=1 block=64 args=i32[64],i32[64]:out
// A tile of eight meets its own lanes and reads those of the next tile.
#include <cooperative_groups.h>
namespace cg = cooperative_groups;
__global__ void halo(const int* x, int* y) {
    __shared__ int cell[64];
    const auto tile = cg::tiled_partition<8>(cg::this_thread_block());
    const int t = threadIdx.x;
    cell[t] = x[t];
    tile.sync();
    int sum = cell[t ^ 7];
    if (t % 32 < 31) {
        sum += cell[t + 1];  // expect: racecheck read-after-write
    }
    y[t] = sum;
}
