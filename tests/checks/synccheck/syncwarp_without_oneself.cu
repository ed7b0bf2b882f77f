// launch: grid=1 block=32 args=i32[1]:out
// One lane more than the mask names comes to the barrier.
__global__ void sum_of_half(int* y) {
    __shared__ int cell[32];
    const int t = threadIdx.x;
    const unsigned half = __ballot_sync(~0u, t < 16);
    if (t <= 16) {
        cell[t] = t;
        __syncwarp(half);  // expect: synccheck member-mask
        if (t == 0) {
            int s = 0;
            for (int i = 0; i < 16; ++i) s += cell[i];
            *y = s;
        }
    }
}
