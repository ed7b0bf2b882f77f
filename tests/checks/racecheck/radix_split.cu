// launch: grid=1 block=64 args=i32[64]=0..15,i32[64]:out
// The number of zeros is read before the last warp has written it.
__global__ void split(const int* x, int* y) {
    __shared__ int zeros[2];
    const int t = threadIdx.x, warp = t / 32, lane = t % 32;
    const int bit = x[t] & 1;
    const unsigned ones = __ballot_sync(~0u, bit);
    const int before = __popc(~ones & ((1u << lane) - 1));
    if (lane == 0) zeros[warp] = 32 - __popc(ones);  // or: racecheck write-after-read
    __syncwarp();
    int first = 0, all = 0;
#pragma unroll 1
    for (int w = 0; w < 2; ++w) {
        const int n = zeros[w];  // expect: racecheck read-after-write
        if (w < warp) first += n;
        all += n;
    }
    const int place = bit ? all + t - (first + before) : first + before;
    y[t] = place;
}
