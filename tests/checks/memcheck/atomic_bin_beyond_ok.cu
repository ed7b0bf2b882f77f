// launch: grid=1 block=64 args=i32[64]=0..15,i32[16]=zeros
__global__ void count(const int* x, int* bins) {
    atomicAdd(&bins[x[threadIdx.x]], 1);
}
