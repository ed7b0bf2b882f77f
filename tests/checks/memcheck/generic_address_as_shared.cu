// launch: grid=1 block=32 args=f32[32],f32[32]:out
// The address of a shared variable is generic until it is converted.
__global__ void through_shared(const float* x, float* y) {
    __shared__ float tile[32];
    const int t = threadIdx.x;
    unsigned at = static_cast<unsigned>(reinterpret_cast<unsigned long long>(&tile[t]));
    tile[t] = 0.0f;
    asm volatile("st.shared.f32 [%0], %1;" ::"r"(at), "f"(x[t]) : "memory");  // expect: memcheck out-of-bounds
    y[t] = tile[t];
}
