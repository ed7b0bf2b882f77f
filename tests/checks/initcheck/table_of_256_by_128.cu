// launch: grid=1 block=128 args=f32[256],i32[128]=0..255,f32[128]:out
// One entry for each thread, and there are twice as many entries as threads.
__global__ void look_up(const float* values, const int* index, float* y) {
    __shared__ float table[256];
    const int t = threadIdx.x;
    if (t < 256) table[t] = values[t];
    __syncthreads();
    y[t] = table[index[t]];  // expect: initcheck uninitialised-shared
}
