// launch: grid=1 block=128 args=i32[128],i32[128]:out
// The threads arrive, and read before the phase is over.
#include <cuda/barrier>

extern "C" __global__ void hasty(const int* in, int* out) {
    __shared__ cuda::barrier<cuda::thread_scope_block> here;
    __shared__ int tile[128];
    const int t = threadIdx.x;
    if (t == 0) init(&here, blockDim.x);
    __syncthreads();
    tile[t] = in[t];  // or: racecheck write-after-read
    auto token = here.arrive();
    out[t] = tile[127 - t];  // expect: racecheck read-after-write
    here.wait(static_cast<decltype(token)&&>(token));
}
