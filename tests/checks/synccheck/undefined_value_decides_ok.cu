// launch: grid=1 block=32 args=i32[32]=1..9,i32[64]:out
// All lanes are there.
__global__ void steps(const int* x, int* y) {
    const int t = threadIdx.x;
    int place = t, turns = 0;
    unsigned votes = 0;
    {
        const int a = __shfl_down_sync(0xffffffffu, x[t], 8);
        if (a > 4) turns = x[t] * 3;
        const int b = __shfl_down_sync(0xffffffffu, x[t], 2);
        place = t + 0 * (b & 1);
        asm volatile("and.b32 %0, %1, 0;" : "=r"(place) : "r"(b));
        place += t;
        const int c = __shfl_down_sync(0xffffffffu, x[t], 1);
        votes = __ballot_sync(0xffffffffu, c > 3);
    }
    y[place] = turns;
    y[32 + t] = votes;
}
