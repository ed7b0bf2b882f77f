// launch: grid=1 block=64 args=f32[64],f32[64]:out
// A thread needs no barrier for what it wrote itself.
__global__ void own(const float* x, float* y) {
    __shared__ float cell[64];
    const int t = threadIdx.x;
    cell[t] = x[t];
    for (int k = 0; k < 3; ++k) cell[t] = cell[t] * 1.5f + 1.0f;
    y[t] = cell[t];
}
