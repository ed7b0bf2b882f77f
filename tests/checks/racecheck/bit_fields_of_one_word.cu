// launch: grid=1 block=64 args=i32[2]=0..1,i32[1]:out
// Two threads set a field each, but the fields share their byte.
struct Flags { unsigned char low : 4, high : 4; };
__global__ void set(const int* x, int* y) {
    __shared__ Flags flags;
    const int t = threadIdx.x;
    if (t == 0) flags = Flags{0, 0};
    __syncthreads();
    if (t == 0) flags.low = x[0] + 1;  // expect: racecheck write-after-write, racecheck read-after-write, racecheck write-after-read
    if (t == 32) flags.high = x[1] + 1;  // expect: racecheck write-after-write, racecheck read-after-write, racecheck write-after-read
    __syncthreads();
    if (t == 0) *y = flags.low + 16 * flags.high;
}
