// launch: grid=2 block=64 args=i32[8],i32[1]=zeros,i32[8]=zeros
// The next item is fetched while others still look at the one before.
__global__ void persistent(const int* x, int* next, int* y) {
    __shared__ int item;
#pragma unroll 1
    for (;;) {
        if (threadIdx.x == 0) item = atomicAdd(next, 1);  // expect: racecheck write-after-read
        __syncthreads();
        const int mine = item;  // or: racecheck read-after-write
        if (mine >= 8) return;
        atomicAdd(&y[mine], x[mine] + threadIdx.x);
    }
}
