// launch: grid=1 block=128 args=f32[4096],f32[1024],f32[512]:out arch=sm_90a
#include "../warpgroup.cuh"

// Half of a warp's lanes describe the columns from 8 on, as if each had to find its own.
__global__ void own(const float* a, const float* b, float* out) {
    __shared__ __align__(1024) half_t tile_a[64 * 64], tile_b[16 * 64];
    fill(tile_a, a, 64);
    fill(tile_b, b, 16);
    fence_proxy();
    __syncthreads();
    float d[4] = {};
    fence_registers();
    PRODUCT(d, tile_a, tile_b + threadIdx.x % 32 / 16 * 512);  // expect: synccheck descriptor
    commit();
    wait<0>(d);
    put(out, d);
}
