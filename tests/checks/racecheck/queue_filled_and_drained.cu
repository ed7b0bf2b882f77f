// launch: grid=1 block=64 args=i32[64]=0..9,i32[64]:out
// Places in a queue are handed out by an atomic; it is drained before all have filled theirs.
__global__ void compact(const int* x, int* y) {
    __shared__ int queue[64], n;
    const int t = threadIdx.x;
    queue[t] = 0;
    if (t == 0) n = 0;
    __syncthreads();
    queue[atomicAdd(&n, 1)] = x[t];  // or: racecheck write-after-read
    __syncwarp();
    int s = 0;
#pragma unroll 1
    for (int i = 0; i < 64; ++i) {
        s += queue[i];  // expect: racecheck read-after-write
    }
    y[t] = s;
}
