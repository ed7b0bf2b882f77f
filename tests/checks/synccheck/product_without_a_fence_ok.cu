// launch: grid=1 block=128 args=f32[4096],f32[512],f32[512]:out arch=sm_90a
#include "../warpgroup.cuh"

// The registers of the sums are set to zero, and a fence orders that before the product.
__global__ void bare(const float* a, const float* b, float* out) {
    __shared__ __align__(1024) half_t tile_a[64 * 64], tile_b[8 * 64];
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
