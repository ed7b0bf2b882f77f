// launch: grid=1 block=32 args=i32[32]=0..3,i32[32]:out
// Each lane names a group, but not its own.
__global__ void group_sums(const int* keys, int* y) {
    const int t = threadIdx.x, group = t / 8;
    const unsigned mask = 0xffu << 8 * (3 - group);
    y[t] = __reduce_add_sync(mask, keys[t]);  // expect: synccheck member-mask
}
