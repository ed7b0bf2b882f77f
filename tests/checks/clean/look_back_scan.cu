// launch: grid=4 block=32 args=i32[128],i32[4]=zeros,i32[4]:out,i32[128]:out
// A block publishes its sum and a flag, and waits for the flag of the one before.
__global__ void scan(const int* x, volatile int* flag, volatile int* sum, int* y) {
    const int t = threadIdx.x, i = 32 * blockIdx.x + t;
    int v = x[i];
    for (int d = 1; d < 32; d *= 2) {
        const int below = __shfl_up_sync(~0u, v, d);
        if (t >= d) v += below;
    }
    int before = 0;
    if (t == 31) {
        if (blockIdx.x > 0) {
            while (flag[blockIdx.x - 1] == 0) {}
            __threadfence();
            before = sum[blockIdx.x - 1];
        }
        sum[blockIdx.x] = before + v;
        __threadfence();
        flag[blockIdx.x] = 1;
    }
    y[i] = v + __shfl_sync(~0u, before, 31);
}
