// launch: grid=1 block=128 args=f32[4096],f32[1024],f32[1024]:out arch=sm_90a
#include "../warpgroup.cuh"

// The second sums are given no value: their first product adds to nothing. It is asked for while that of the first sums
// is under way, and both are waited for at once.
__global__ void two(const float* a, const float* b, float* out) {
    __shared__ __align__(1024) half_t tile_a[64 * 64], tile_b[16 * 64];
    fill(tile_a, a, 64);
    fill(tile_b, b, 16);
    fence_proxy();
    __syncthreads();
    float d[4] = {}, e[4];
    fence_registers();
    PRODUCT(d, tile_a, tile_b);
    commit();
    PRODUCT_ADDS(e, tile_a + 16, tile_b + 512, 0);
    PRODUCT_ADDS(e, tile_a + 32, tile_b + 512 + 16, 1);
    commit();
    wait<0>(d);
    for (float& x : e) asm volatile("" : "+f"(x)::"memory");
    put(out, d);
    put(out + 512, e);
}
