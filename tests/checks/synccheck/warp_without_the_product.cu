// launch: grid=1 block=128 args=f32[4096],f32[512],f32[512]:out,i32:1 arch=sm_90a
#include "../warpgroup.cuh"

// The last warp has nothing to do in a tile that is not full, and leaves the product to the others.
__global__ void three(const float* a, const float* b, float* out, int spare) {
    __shared__ __align__(1024) half_t tile_a[64 * 64], tile_b[8 * 64];
    fill(tile_a, a, 64);
    fill(tile_b, b, 8);
    fence_proxy();
    __syncthreads();
    float d[4] = {};
    if (threadIdx.x / 32 + spare < 4) {
        fence_registers();
        PRODUCT(d, tile_a, tile_b);  // expect: synccheck warpgroup
        commit();
        wait<0>(d);
    }
    put(out, d);
}
