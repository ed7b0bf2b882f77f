// launch: grid=1 block=32 args=i32[32]=0..9,i32[32]:out,i32:12
// The place in the ring is the remainder of a negative number.
__global__ void ring(const int* x, int* y, int n) {
    int last[8];
    for (int i = 0; i < 8; ++i) last[i] = i;
#pragma unroll 1
    for (int i = 0; i < n; ++i) {
        const int at = (i - 3 - x[i]) % 8;
        y[threadIdx.x] = last[at];  // expect: memcheck out-of-bounds
        last[i % 8] = i;
    }
}
