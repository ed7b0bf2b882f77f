// launch: grid=1 block=64 args=i32[64]=0..15,i32[16]=zeros
// Bins run from 0 to 15; the last value belongs to the sixteenth and is put into the seventeenth.
__global__ void count(const int* x, int* bins) {
    atomicAdd(&bins[x[threadIdx.x] + 1], 1);  // expect: memcheck out-of-bounds
}
