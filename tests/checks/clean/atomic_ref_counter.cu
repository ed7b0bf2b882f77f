// launch: grid=2 block=64 args=i32[128]=0..3,i32[4]=zeros
// Bins in shared memory, reached by references that are atomic.
#include <cuda/atomic>
__global__ void bins(const int* x, int* y) {
    __shared__ int bin[4];
    const int t = threadIdx.x;
    if (t < 4) bin[t] = 0;
    __syncthreads();
    cuda::atomic_ref<int, cuda::thread_scope_block> mine(bin[x[blockIdx.x * 64 + t]]);
    mine.fetch_add(1, cuda::memory_order_relaxed);
    __syncthreads();
    if (t < 4) cuda::atomic_ref<int, cuda::thread_scope_device>(y[t]).fetch_add(bin[t]);
}
