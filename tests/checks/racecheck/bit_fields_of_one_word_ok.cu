// launch: grid=1 block=64 args=i32[2]=0..1,i32[1]:out
struct Flags { unsigned char low : 4; unsigned char : 0; unsigned char high : 4; };
__global__ void set(const int* x, int* y) {
    __shared__ Flags flags;
    const int t = threadIdx.x;
    if (t == 0) flags = Flags{0, 0};
    __syncthreads();
    if (t == 0) flags.low = x[0] + 1;
    if (t == 32) flags.high = x[1] + 1;
    __syncthreads();
    if (t == 0) *y = flags.low + 16 * flags.high;
}
