// launch: grid=2 block=64 args=i32[320],i32[320]:out,i32:5
// One warp fills two buffers in turn, the other empties them; each waits for the other's phase.
#include <cuda/barrier>
using Barrier = cuda::barrier<cuda::thread_scope_block>;

extern "C" __global__ void hand_over(const int* in, int* out, int tiles) {
    __shared__ Barrier full[2], empty[2];
    __shared__ int tile[2][32];
    const int lane = threadIdx.x % 32, first = blockIdx.x * tiles * 32;
    if (threadIdx.x == 0)
        for (int i = 0; i < 2; ++i) init(&full[i], 64), init(&empty[i], 64);
    __syncthreads();
    if (threadIdx.x < 32) {
        for (int k = 0; k < tiles; ++k) {
            if (k >= 2) empty[k % 2].arrive_and_wait();
            tile[k % 2][lane] = in[first + k * 32 + lane];
            (void)full[k % 2].arrive();
        }
    } else {
        for (int k = 0; k < tiles; ++k) {
            full[k % 2].arrive_and_wait();
            out[first + k * 32 + lane] = tile[k % 2][31 - lane];
            if (k + 2 < tiles) (void)empty[k % 2].arrive();
        }
    }
}
