// launch: grid=1 block=64 args=f32[4,16],f32[16]:out
// Four half warps leave a row each; the first of them adds up after meeting its own lanes only.
__global__ void columns(const float* x, float* y) {
    __shared__ float part[4][16];
    const int t = threadIdx.x, c = t % 16, r = t / 16;
    part[r][c] = 2 * x[16 * r + c];
    __syncwarp(t & 16 ? 0xffff0000u : 0x0000ffffu);
    if (r == 0) {
        float s = part[0][c];
#pragma unroll 1
        for (int i = 1; i < 4; ++i) {
            s += part[i][c];  // expect: racecheck read-after-write
        }
        y[c] = s;
    }
}
