// launch: grid=1 block=64 args=i32[64]=0..3,i32[64]:out
// Lanes with equal keys meet; each group names its own members.
__global__ void ranks(const int* keys, int* y) {
    const int t = threadIdx.x, lane = t % 32;
    const unsigned same = __match_any_sync(~0u, keys[t]);
    const int leader = __ffs(same) - 1;
    int base = 0;
    if (lane == leader) base = 100 * keys[t];
    base = __shfl_sync(same, base, leader);
    y[t] = base + __popc(same & ((1u << lane) - 1));
}
