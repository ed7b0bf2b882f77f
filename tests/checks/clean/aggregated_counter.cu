// launch: grid=2 block=64 args=i32[128]=0..9,i32[1]=zeros
// The lanes that are here elect one that counts for all of them.
#include <cooperative_groups.h>
namespace cg = cooperative_groups;
__global__ void count(const int* x, int* y) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (x[i] % 3 == 0) {
        const auto here = cg::coalesced_threads();
        if (here.thread_rank() == 0) atomicAdd(y, here.size());
        here.sync();
    }
}
