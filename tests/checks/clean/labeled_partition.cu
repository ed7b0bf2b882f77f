// launch: grid=1 block=64 args=i32[64]=0..3,i32[64]:out
// Lanes with the same key add up among themselves.
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
namespace cg = cooperative_groups;
__global__ void by_key(const int* x, int* y) {
    const int t = threadIdx.x;
    const auto warp = cg::tiled_partition<32>(cg::this_thread_block());
    const auto same = cg::labeled_partition(warp, x[t]);
    y[t] = cg::reduce(same, t, cg::plus<int>());
}
