// launch: grid=1 block=32 args=f32[32,8],i32[32]=1..8,f32[32]:out
__global__ void ragged(const float* x, const int* length, float* y) {
    float sum = 0.0f;
#pragma unroll 1
    for (int c = 0; c < 8; ++c) {
        if (c < length[threadIdx.x]) sum += x[threadIdx.x * 8 + c];
        __syncthreads();
    }
    y[threadIdx.x] = sum;
}
