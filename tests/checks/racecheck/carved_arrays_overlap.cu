// launch: grid=1 block=64 shared=768 args=f32[64],f32[64]:out,i32:64
// The second array begins n bytes, not n floats, after the first.
__global__ void carve(const float* x, float* y, int n) {
    extern __shared__ __align__(16) char room[];
    float* first = reinterpret_cast<float*>(room);
    float* second = reinterpret_cast<float*>(room + n * sizeof(char));
    const int t = threadIdx.x;
    first[t] = x[t];  // or: racecheck write-after-write
    second[t] = 2 * x[t];  // expect: racecheck write-after-write
    __syncthreads();
    y[t] = first[63 - t] + second[t];
}
