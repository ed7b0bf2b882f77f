// launch: grid=1 block=64 args=i32[64]:out
// The barrier expects all threads.
#include <cuda/barrier>

extern "C" __global__ void waits(int* out) {
    __shared__ cuda::barrier<cuda::thread_scope_block> here;
    if (threadIdx.x == 0) init(&here, blockDim.x);
    __syncthreads();
    out[threadIdx.x] = threadIdx.x;
    here.arrive_and_wait();
    out[threadIdx.x] = 2 * threadIdx.x;
}
