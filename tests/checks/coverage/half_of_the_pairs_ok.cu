// launch: grid=1 block=32 args=f16[64],f16[64]:out
#include <cuda_fp16.h>
__global__ void rotate(const __half2* x, __half* y) {
    const int t = threadIdx.x;
    const __half2 pair = x[t];
    y[2 * t] = __hadd(__low2half(pair), __high2half(pair));
    y[2 * t + 1] = __hsub(__low2half(pair), __high2half(pair));
}
