// launch: grid=2 block=64 args=i32[8],i32[1]=zeros,i32[8]=zeros
__global__ void persistent(const int* x, int* next, int* y) {
    __shared__ int item;
#pragma unroll 1
    for (;;) {
        if (threadIdx.x == 0) item = atomicAdd(next, 1);
        __syncthreads();
        const int mine = item;
        if (mine >= 8) return;
        __syncthreads();
        atomicAdd(&y[mine], x[mine] + threadIdx.x);
    }
}
