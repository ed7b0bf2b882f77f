// launch: grid=1 block=128 args=f32[4096],f32[512],f32[512]:out arch=sm_90a
#include "../warpgroup.cuh"

// The last step is committed; the sums are scaled while it is still under way.
__global__ void sums(const float* a, const float* b, float* out) {
    __shared__ __align__(1024) half_t tile_a[64 * 64], tile_b[8 * 64];
    fill(tile_a, a, 64);
    fill(tile_b, b, 8);
    fence_proxy();
    __syncthreads();
    float d[4] = {};
    fence_registers();
    for (int k = 0; k < 64; k += 16) PRODUCT(d, tile_a + k, tile_b + k);
    commit();
    float scaled[4];
    for (int i = 0; i < 4; ++i) scaled[i] = d[i] * 0.125f;  // expect: racecheck pending-accumulator
    wait<0>(d);
    put(out, scaled);
}
