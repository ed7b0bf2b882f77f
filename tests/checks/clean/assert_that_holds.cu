// launch: grid=1 block=64 args=i32[64]=0..9,i32[64]:out
// Some lanes assert, some do not, and a barrier follows.
#include <cassert>
__global__ void checked(const int* x, int* y) {
    __shared__ int cell[64];
    const int t = threadIdx.x;
    if (t % 3) assert(x[t] < 10);
    cell[t] = x[t];
    __syncthreads();
    assert(cell[63 - t] >= 0);
    y[t] = cell[63 - t];
}
