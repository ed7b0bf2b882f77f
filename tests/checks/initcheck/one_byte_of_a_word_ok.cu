// launch: grid=1 block=32 args=i8[32],i32[32]:out
__global__ void pack(const signed char* x, int* y) {
    __shared__ __align__(4) signed char bytes[128];
    const int t = threadIdx.x;
    for (int b = 0; b < 4; ++b) bytes[4 * t + b] = x[t];
    __syncthreads();
    y[t] = *reinterpret_cast<const int*>(&bytes[4 * (31 - t)]);
}
