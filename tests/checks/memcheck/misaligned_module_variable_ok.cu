// launch: grid=1 block=32 args=i32:1
// The same in steps of whole elements.
__device__ int total[32];

__global__ void odd(int by) {
    char* bytes = reinterpret_cast<char*>(total) + 4 * threadIdx.x + 4 * by - 4;
    *reinterpret_cast<int*>(bytes) = 42;
}
