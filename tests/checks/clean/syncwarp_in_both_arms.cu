// launch: grid=1 block=32 args=i32[32],i32[32]:out
// Each arm has a barrier of its own; the lanes of one wait there for those of the other.
__global__ void exchange(const int* x, int* y) {
    __shared__ int cell[32];
    const int t = threadIdx.x;
    if (t < 16) {
        cell[t] = x[t];
        __syncwarp();
        y[t] = cell[t + 16];
    } else {
        cell[t] = x[t] * 2;
        __syncwarp();
        y[t] = cell[t - 16] + 1;
    }
}
