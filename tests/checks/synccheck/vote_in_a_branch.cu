// launch: grid=1 block=32 args=i32[32]=0..9,i32[32]:out
// The vote is told to wait for the whole warp, of which a part has gone another way.
__global__ void agree(const int* x, int* y) {
    const int t = threadIdx.x;
    int all = 0;
    if (t >= 4) all = __all_sync(~0u, x[t] < 10);  // expect: synccheck member-mask
    y[t] = all;
}
