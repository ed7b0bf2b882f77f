// launch: grid=1 block=128 args=i32[128],i32[128]:out
// Copies of each thread are tracked by a barrier; a warp that has nothing more to do drops out of it.
#include <cuda/barrier>
using Barrier = cuda::barrier<cuda::thread_scope_block>;

extern "C" __global__ void tracked(const int* in, int* out) {
    __shared__ alignas(16) int tile[128];
    __shared__ Barrier here;
    const int t = threadIdx.x;
    if (t == 0) init(&here, blockDim.x);
    __syncthreads();
    cuda::memcpy_async(tile + t, in + t, cuda::aligned_size_t<4>(4), here);
    here.arrive_and_wait();
    const int other = tile[127 - t];
    if (t < 32) {
        out[t] = other;
        here.arrive_and_drop();
        return;
    }
    here.arrive_and_wait();
    tile[t] = other;
    here.arrive_and_wait();
    out[t] = tile[32 + (t + 17) % 96];
}
