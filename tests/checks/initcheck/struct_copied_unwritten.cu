// launch: grid=1 block=64 args=i32[64],i32[64]:out
// One of two members is written; both are copied, and both are used.
struct Entry { char key; int value; };
__global__ void rotate(const int* x, int* y) {
    __shared__ Entry table[64], other[64];
    const int t = threadIdx.x;
    table[t].key = static_cast<char>(x[t]);
    __syncthreads();
    other[t] = table[(t + 40) % 64];  // expect: initcheck uninitialised-shared
    __syncthreads();
    y[t] = other[t].key + other[t].value;
}
