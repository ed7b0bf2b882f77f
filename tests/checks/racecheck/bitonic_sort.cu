// launch: grid=1 block=64 args=i32[64],i32[64]:out
// Partners lie in the other warp when the distance is 32.
__global__ void sort(const int* x, int* y) {
    __shared__ int v[64];
    const int t = threadIdx.x;
    v[t] = x[t];
    __syncthreads();
    for (int size = 2; size <= 64; size *= 2) {
        for (int d = size / 2; d > 0; d /= 2) {
            const int other = t ^ d;
            const int a = v[t];
            const int b = v[other];  // expect: racecheck read-after-write
            __syncwarp();
            v[t] = ((t & size) == 0) == (t < other) ? min(a, b) : max(a, b);  // or: racecheck write-after-read
            __syncwarp();
        }
    }
    __syncthreads();
    y[t] = v[t];
}
