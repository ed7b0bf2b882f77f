// launch: grid=1 block=128 args=f32[4096],f32[2048],f32[512]:out,i32:4 arch=sm_90a
#include "../warpgroup.cuh"

// All threads have passed a barrier since the product was asked for, but nobody has waited for it.
__global__ void steps(const float* a, const float* b, float* out, int count) {
    __shared__ __align__(1024) half_t tile_a[64 * 64], tile_b[8 * 64];
    fill(tile_a, a, 64);
    float d[4] = {};
#pragma unroll 1
    for (int step = 0; step < count; ++step) {
        fill(tile_b, b + 512 * step, 8);
        fence_proxy();
        __syncthreads();
        fence_registers();
        PRODUCT(d, tile_a + 16 * step, tile_b);  // expect: racecheck pending-operand
        commit();
        __syncthreads();
    }
    wait<0>(d);
    put(out, d);
}
