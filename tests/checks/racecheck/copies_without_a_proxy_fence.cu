// launch: grid=2 block=256 args=f16[8192],f16[4096],f32[1024]:out,i32:4 arch=sm_90a
#include "../warpgroup.cuh"

// One warpgroup copies, the other multiplies: two stages, full and empty mbarriers that the copies arrive at, one
// product left under way while the next stage is waited for; a stage is given back when the product of the next one is
// asked for. As in CUTLASS's mainloop for cp.async no fence of the proxies stands between copies and products.
__device__ __forceinline__ uint32_t of_shared(const void* p) { return static_cast<uint32_t>(__cvta_generic_to_shared(p)); }

__device__ __forceinline__ void await(uint64_t* object, int parity) {
    uint32_t done = 0;
    while (!done)
        asm volatile("{ .reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2; selp.u32 %0, 1, 0, p; }"
                     : "=r"(done) : "r"(of_shared(object)), "r"(parity) : "memory");
}

__device__ __forceinline__ void give_back(uint64_t* object) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(of_shared(object)) : "memory");
}

__device__ __forceinline__ void copy(half_t* tile, const half_t* from, int rows) {
    for (int i = threadIdx.x % 128; i < rows * 8; i += 128)
        asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(of_shared(tile + swizzled(i / 8, i % 8 * 8))),
                     "l"(__cvta_generic_to_global(from + 8 * i)) : "memory");
}

__global__ void mainloop(const half_t* a, const half_t* b, float* out, int steps) {
    __shared__ __align__(1024) half_t tile_a[2][64 * 64], tile_b[2][8 * 64];
    __shared__ uint64_t full[2], empty[2];
    if (threadIdx.x == 0)
        for (int stage = 0; stage < 2; ++stage) {
            asm volatile("mbarrier.init.shared::cta.b64 [%0], 128;" ::"r"(of_shared(&full[stage])));
            asm volatile("mbarrier.init.shared::cta.b64 [%0], 128;" ::"r"(of_shared(&empty[stage])));
        }
    __syncthreads();
    if (threadIdx.x >= 128) {
        asm volatile("setmaxnreg.dec.sync.aligned.u32 40;");
#pragma unroll 1
        for (int step = 0; step < steps; ++step) {
            const int stage = step % 2;
            await(&empty[stage], step / 2 % 2 ^ 1);
            copy(tile_a[stage], a + step % 2 * 4096, 64);
            copy(tile_b[stage], b + (4 * blockIdx.x + step) * 512, 8);
            asm volatile("cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%0];" ::"r"(of_shared(&full[stage])) : "memory");
        }
        return;
    }
    asm volatile("setmaxnreg.inc.sync.aligned.u32 232;");
    float d[4] = {};
#pragma unroll 1
    for (int step = 0; step < steps; ++step) {
        const int stage = step % 2;
        await(&full[stage], step / 2 % 2);
        fence_registers();
        for (int k = 0; k < 64; k += 16) PRODUCT(d, tile_a[stage] + k, tile_b[stage] + k);  // expect: racecheck unfenced-copy warning
        commit();
        wait<1>(d);
        if (step > 0) give_back(&empty[(step - 1) % 2]);
    }
    wait<0>(d);
    put(out + 512 * blockIdx.x, d);
}
