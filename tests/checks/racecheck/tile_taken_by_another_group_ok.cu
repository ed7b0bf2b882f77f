// launch: grid=1 block=256 args=f32[4096],f32[512],f32[512]:out arch=sm_90a
#include "../warpgroup.cuh"

// The second warpgroup takes the tile over after a barrier that the first has come to once its product was done.
__global__ void handed_over(const float* a, const float* b, float* out) {
    __shared__ __align__(1024) half_t tile_a[64 * 64], tile_b[8 * 64];
    fill(tile_a, a, 64);
    fill(tile_b, b, 8);
    fence_proxy();
    __syncthreads();
    float d[4] = {};
    if (threadIdx.x < 128) {
        fence_registers();
        PRODUCT(d, tile_a, tile_b);
        commit();
        wait<0>(d);
    }
    __syncthreads();
    if (threadIdx.x < 128) {
        put(out, d);
    } else {
        for (int i = threadIdx.x - 128; i < 512; i += 128)
            tile_b[i] = __float2half(0.0f);
    }
}
