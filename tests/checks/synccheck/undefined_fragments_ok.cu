// launch: grid=1 block=32 args=f32[64],f32[256]:out
// Lanes of the lower half ask each other; two products with the same A use what they got.
__device__ void product(float* d, const unsigned* a, unsigned b) {
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(b));
}
__global__ void both(const float* x, float* y) {
    const int t = threadIdx.x;
    unsigned a[2] = {__float_as_uint(x[t]), __float_as_uint(x[32 + t])};
    if (t < 16)
        a[0] = __shfl_xor_sync(0x0000ffff, a[0], 8);
    __syncwarp();
    float d[4] = {}, e[4] = {};
    product(d, a, 0x3c003c00);
    product(e, a, 0x40004000);
    for (int i = 0; i < 4; i++) {
        y[4 * t + i] = d[i];
        y[128 + 4 * t + i] = e[i];
    }
}
