// launch: grid=1 block=64 shared=256 args=f32[64],f32[64],f32[64]:out
// The second phase's buffer lies over the first's, and begins before the first has been read.
__global__ void phases(const float* x, const float* z, float* y) {
    extern __shared__ float memory[];
    float* first = memory;
    float* second = memory;
    const int t = threadIdx.x;
    first[t] = x[t];
    __syncthreads();
    float a = first[63 - t];  // expect: racecheck read-after-write
    second[t] = z[t];  // or: racecheck write-after-read
    __syncthreads();
    y[t] = a + second[63 - t];
}
