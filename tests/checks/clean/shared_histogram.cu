// launch: grid=4 block=128 args=i32[512]=0..31,i32[32]=zeros
// Atomics on shared memory by all warps, then on global memory by all blocks.
__global__ void histogram(const int* x, int* counts) {
    __shared__ int bins[32];
    if (threadIdx.x < 32) bins[threadIdx.x] = 0;
    __syncthreads();
    atomicAdd(&bins[x[blockIdx.x * 128 + threadIdx.x]], 1);
    __syncthreads();
    if (threadIdx.x < 32) atomicAdd(&counts[threadIdx.x], bins[threadIdx.x]);
}
