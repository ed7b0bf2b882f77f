// launch: grid=1 block=32 args=i32[32],i32[32]:out
// Lanes leave the loop one after the other, and its barrier goes on waiting for them.
__global__ void steps(const int* x, int* y) {
    const int t = threadIdx.x;
    int s = 0;
#pragma unroll 1
    for (int i = 0; i <= t; ++i) {
        s += x[i];
        __syncwarp();  // expect: synccheck member-mask
    }
    y[t] = s;
}
