// launch: grid=1 block=64 args=i32[64]=0..7,i32[8]:out
// Counting is a read and a write.
__global__ void histogram(const int* x, int* counts) {
    __shared__ int bins[8];
    if (threadIdx.x < 8) bins[threadIdx.x] = 0;
    __syncthreads();
    const int bin = x[threadIdx.x] & 7;
    int old = bins[bin];  // expect: racecheck read-after-write
    bins[bin] = old + 1;  // expect: racecheck write-after-write
    __syncthreads();
    if (threadIdx.x < 8) counts[threadIdx.x] = bins[threadIdx.x];
}
