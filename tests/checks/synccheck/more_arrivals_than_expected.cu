// launch: grid=1 block=64 args=i32[64]:out
// Eight arrivals are left in the phase, and nine come at once.
#include <cuda_awbarrier_primitives.h>

extern "C" __global__ void crowd(int* out) {
    __shared__ __mbarrier_t here;
    if (threadIdx.x == 0) __mbarrier_init(&here, 48);
    __syncthreads();
    if (threadIdx.x == 0)
        for (int i = 0; i < 40; ++i) (void)__mbarrier_arrive(&here);
    __syncthreads();
    if (threadIdx.x == 32) asm volatile("{ .reg .b64 s; mbarrier.arrive.noComplete.shared.b64 s, [%0], 9; }" :: "r"((unsigned)__cvta_generic_to_shared(&here)));  // expect: synccheck barrier-count
    out[threadIdx.x] = 1;
}
