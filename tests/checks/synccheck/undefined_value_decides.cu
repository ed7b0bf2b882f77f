// launch: grid=1 block=32 args=i32[32]=1..9,i32[64]:out
// Undefined values decide a branch, make an address, and are voted on.
__global__ void steps(const int* x, int* y) {
    const int t = threadIdx.x;
    int place = t, turns = 0;
    unsigned votes = 0;
    if (t < 16) {
        const int a = __shfl_down_sync(0xffffu, x[t], 8);  // expect: synccheck inactive-lane
        if (a > 4) turns = x[t] * 3;
        const int b = __shfl_down_sync(0xffffu, x[t], 2);  // expect: synccheck inactive-lane
        place = t + 0 * (b & 1);
        asm volatile("and.b32 %0, %1, 0;" : "=r"(place) : "r"(b));
        place += t;
        const int c = __shfl_down_sync(0xffffu, x[t], 1);  // expect: synccheck inactive-lane
        votes = __ballot_sync(0xffffu, c > 3);
    }
    y[place] = turns;
    y[32 + t] = votes;
}
