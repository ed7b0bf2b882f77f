// launch: grid=1 block=128 args=f32[4096],f32[1024],f32[1024]:out arch=sm_90a
#include "../warpgroup.cuh"

// Of two groups the older is waited for, and the sums of both are scaled.
__global__ void newest(const float* a, const float* b, float* out) {
    __shared__ __align__(1024) half_t tile_a[64 * 64], tile_b[16 * 64];
    fill(tile_a, a, 64);
    fill(tile_b, b, 16);
    fence_proxy();
    __syncthreads();
    float d[4] = {}, e[4] = {};
    fence_registers();
    PRODUCT(d, tile_a, tile_b);
    commit();
    PRODUCT(e, tile_a, tile_b + 512);
    commit();
    wait<1>(d);
    for (float& x : d) x *= 0.125f;
    for (float& x : e) x *= 0.125f;  // expect: racecheck pending-accumulator
    put(out, d);
    put(out + 512, e);
}
