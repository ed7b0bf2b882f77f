// launch: grid=1 block=128 args=f32[4096],f32[512],f32[512]:out arch=sm_90a
#include "../warpgroup.cuh"

// Eight columns are read of a tile that has them.
__global__ void beyond(const float* a, const float* b, float* out) {
    __shared__ __align__(1024) half_t tile_a[64 * 64];
    __shared__ __align__(1024) half_t tile_b[8 * 64];
    fill(tile_a, a, 64);
    fill(tile_b, b, 8);
    fence_proxy();
    __syncthreads();
    float d[4] = {};
    fence_registers();
    PRODUCT(d, tile_a, tile_b);
    commit();
    wait<0>(d);
    put(out, d);
}
