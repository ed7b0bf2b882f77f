// launch: grid=1 block=64 args=f32[4,64],f32[4]:out
// The next row's sums are written while the first thread may still read those of this one.
__global__ void rows(const float* x, float* y) {
    __shared__ float part[2];
    const int t = threadIdx.x;
#pragma unroll 1
    for (int r = 0; r < 4; ++r) {
        float v = x[64 * r + t];
        for (int d = 16; d; d /= 2) v += __shfl_xor_sync(~0u, v, d);
        if (t % 32 == 0) part[t / 32] = v;  // expect: racecheck write-after-read
        __syncthreads();
        if (t == 0) y[r] = part[0] + part[1];  // or: racecheck read-after-write
    }
}
