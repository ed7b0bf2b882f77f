// launch: grid=1 block=32 args=f32[110],f32[110]:out,i32:110
__global__ void scale(const float* x, float* y, int n) {
    const int i = 4 * threadIdx.x;
    if (i + 1 < n && i + 3 >= n) {
        y[i] = x[i];
        y[i + 1] = x[i + 1];
    } else if (i < n) {
        const float4 v = *reinterpret_cast<const float4*>(x + i);
        float* out = y + i;
        out[0] = v.x;
        out[1] = v.y;
        if (i + 3 < n) {
            out[2] = v.z;
            out[3] = v.w;
        }
    }
}
