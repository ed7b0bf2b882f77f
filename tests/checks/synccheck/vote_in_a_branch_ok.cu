// launch: grid=1 block=32 args=i32[32]=0..9,i32[32]:out
__global__ void agree(const int* x, int* y) {
    const int t = threadIdx.x;
    int all = 0;
    if (t >= 4) all = __all_sync(0xfffffff0u, x[t] < 10);
    y[t] = all;
}
