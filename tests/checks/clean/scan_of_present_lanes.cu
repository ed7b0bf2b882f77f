// launch: grid=1 block=32 args=i32[32]=0..9,i32[32]:out,i32:20
// What comes from an absent lane is dropped by a condition, by a select and by a guard.
__global__ void scan(const int* x, int* y, int n) {
    const int t = threadIdx.x;
    y[t] = 0;
    if (t >= 4 && t < n) {
        const unsigned here = __activemask();
        int v = x[t];
        #pragma unroll 1
        for (int d = 1; d < 16; d <<= 1) {
            const int up = __shfl_up_sync(here, v, d), down = __shfl_down_sync(here, v, d);
            if (t - 4 >= d) v += up;
            v ^= t + d < n ? down & 1 : 0;
        }
        y[t] = v;
    }
}
