// launch: grid=1 block=64 args=f16[64],f16[64]:out
// Two threads write the halves of one 32-bit word.
#include <cuda_fp16.h>
__global__ void halves(const __half* x, __half* y) {
    __shared__ __half2 pairs[32];
    __half* flat = reinterpret_cast<__half*>(pairs);
    const int t = threadIdx.x;
    flat[(t & 1) * 32 + t / 2] = x[t];
    __syncthreads();
    if (t < 32) reinterpret_cast<__half2*>(y)[t] = pairs[31 - t];
}
