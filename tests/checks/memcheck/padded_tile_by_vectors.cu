// launch: grid=1 block=32 args=f32[16,32],f32[16,8]:out
// A pitch of 33 keeps columns apart, and four floats of its second row do not lie at 16 bytes.
__global__ void tile_rows(const float* x, float* y) {
    constexpr int pitch = 33;
    __shared__ __align__(16) float tile[16 * pitch];
    const int t = threadIdx.x;
    for (int r = 0; r < 16; ++r) tile[r * pitch + t] = x[32 * r + t];
    __syncwarp();
    if (t < 16) {
        const float4 v = *reinterpret_cast<const float4*>(tile + t * pitch + 4);  // expect: memcheck misaligned
        y[8 * t] = v.x + v.y + v.z + v.w;
        for (int i = 1; i < 8; ++i) y[8 * t + i] = tile[t * pitch + i];
    }
}
