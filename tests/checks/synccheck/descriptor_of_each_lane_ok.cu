// launch: grid=1 block=128 args=f32[4096],f32[1024],f32[512]:out arch=sm_90a
#include "../warpgroup.cuh"

// All lanes describe the first 8 columns.
__global__ void own(const float* a, const float* b, float* out) {
    __shared__ __align__(1024) half_t tile_a[64 * 64], tile_b[16 * 64];
    fill(tile_a, a, 64);
    fill(tile_b, b, 16);
    fence_proxy();
    __syncthreads();
    float d[4] = {};
    fence_registers();
    PRODUCT(d, tile_a, tile_b + threadIdx.x / 128 * 512);
    commit();
    wait<0>(d);
    put(out, d);
}
