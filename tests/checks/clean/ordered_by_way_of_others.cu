// launch: grid=1 block=32 args=i32[32],i32[32]:out
// Lane 0 meets lane 1, lane 1 then meets lane 2, and so on: each has what all before it did.
__global__ void chain(const int* x, int* y) {
    __shared__ int sum, cell[32];
    const int t = threadIdx.x;
    cell[t] = x[t];
    if (t == 0) sum = x[0];
    for (int i = 1; i < 8; ++i) {
        if (t == i - 1 || t == i) {
            __syncwarp(3u << (i - 1));
            if (t == i) sum += cell[i - 1] + cell[0] + x[i];
        }
    }
    y[t] = 0;
    if (t == 7) y[7] = sum;
}
