// launch: grid=1 block=32 args=f32[32,8],i32[32]=1..8,f32[32]:out
// Rows of different lengths, and a barrier after each element.
__global__ void ragged(const float* x, const int* length, float* y) {
    float sum = 0.0f;
#pragma unroll 1
    for (int c = 0; c < length[threadIdx.x]; ++c) {
        sum += x[threadIdx.x * 8 + c];
        __syncthreads();  // expect: synccheck divergent-barrier
    }
    y[threadIdx.x] = sum;
}
