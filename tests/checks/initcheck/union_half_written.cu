// launch: grid=1 block=32 args=i32[32],i32[32]:out
// Two of four bytes are written, and all are read as a number.
union Word { unsigned all; unsigned short half[2]; unsigned char byte[4]; };
__global__ void pun(const int* x, int* y) {
    __shared__ Word words[32];
    const int t = threadIdx.x;
    words[t].half[0] = x[t];
    words[t].byte[2] = x[t];
    __syncwarp();
    y[t] = words[31 - t].all;  // expect: initcheck uninitialised-shared
}
