// launch: grid=1 block=32 args=i32[32],i32[32]:out
union Word { unsigned all; unsigned short half[2]; unsigned char byte[4]; };
__global__ void pun(const int* x, int* y) {
    __shared__ Word words[32];
    const int t = threadIdx.x;
    words[t].half[0] = x[t];
    words[t].half[1] = x[t];
    __syncwarp();
    y[t] = words[31 - t].all;
}
