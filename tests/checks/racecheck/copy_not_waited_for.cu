// launch: grid=1 block=128 args=i32[128],i32[128]:out
// A barrier tracks the copies, and the reader looks before its phase is over.
#include <cuda/barrier>
using Barrier = cuda::barrier<cuda::thread_scope_block>;

extern "C" __global__ void tracked(const int* in, int* out) {
    __shared__ alignas(16) int tile[128];
    __shared__ Barrier here;
    const int t = threadIdx.x;
    if (t == 0) init(&here, blockDim.x);
    __syncthreads();
    cuda::memcpy_async(tile + t, in + t, cuda::aligned_size_t<4>(4), here);
    const int early = tile[t];  // expect: racecheck in-flight
    here.arrive_and_wait();
    out[t] = tile[127 - t] + early;
}
