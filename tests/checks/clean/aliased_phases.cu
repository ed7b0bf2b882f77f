// launch: grid=1 block=64 args=f32[64],i32[64]=0..63,f32[64]:out
// One piece of shared memory under two types, a barrier between the phases.
union Scratch {
    float values[64];
    int order[64];
};
__global__ void permute(const float* x, const int* index, float* y) {
    __shared__ Scratch scratch;
    const int t = threadIdx.x;
    scratch.values[t] = x[t];
    __syncthreads();
    const float v = scratch.values[63 - t];
    __syncthreads();
    scratch.order[t] = index[t];
    __syncthreads();
    y[t] = v * static_cast<float>(scratch.order[(t + 1) & 63]);
}
