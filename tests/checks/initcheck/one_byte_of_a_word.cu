// launch: grid=1 block=32 args=i8[32],i32[32]:out
// Three of a word's four bytes are written; the word is read.
__global__ void pack(const signed char* x, int* y) {
    __shared__ __align__(4) signed char bytes[128];
    const int t = threadIdx.x;
    for (int b = 0; b < 3; ++b) bytes[4 * t + b] = x[t];
    __syncthreads();
    y[t] = *reinterpret_cast<const int*>(&bytes[4 * (31 - t)]);  // expect: initcheck uninitialised-shared
}
