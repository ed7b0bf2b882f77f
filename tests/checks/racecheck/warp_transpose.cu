// launch: grid=1 block=64 args=i32[64,32],i32[64,32]:out
// Lanes of a warp read columns that other lanes of it have written just before.
__global__ void transpose(const int* x, int* y) {
    __shared__ int tile[2][32][33];
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
#pragma unroll 1
    for (int r = 0; r < 32; ++r) tile[warp][r][lane] = x[(32 * warp + r) * 32 + lane];
#pragma unroll 1
    for (int r = 0; r < 32; ++r) {
        y[(32 * warp + r) * 32 + lane] = tile[warp][lane][r];  // expect: racecheck read-after-write
    }
}
