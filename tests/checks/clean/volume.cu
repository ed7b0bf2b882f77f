// launch: grid=2,2,2 block=4,4,4 args=f32[512],f32[512]:out
// Three dimensions: the order of threads in warps is x, then y, then z.
__global__ void flip(const float* x, float* y) {
    __shared__ float cube[4][4][4];
    const int block = (blockIdx.z * 2 + blockIdx.y) * 2 + blockIdx.x;
    const int t = (threadIdx.z * 4 + threadIdx.y) * 4 + threadIdx.x;
    cube[threadIdx.z][threadIdx.y][threadIdx.x] = x[block * 64 + t];
    __syncthreads();
    y[block * 64 + t] = cube[3 - threadIdx.z][3 - threadIdx.y][3 - threadIdx.x];
}
