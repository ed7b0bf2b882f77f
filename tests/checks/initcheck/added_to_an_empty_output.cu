// launch: grid=2 block=32 args=f32[64],f32[64]:out
// The output is added to, and nobody has set it to zero.
__global__ void add(const float* x, float* y) {
    const int i = blockIdx.x * 32 + threadIdx.x;
    float old = y[i];  // expect: initcheck uninitialised-global
    y[i] = old + x[i];
}
