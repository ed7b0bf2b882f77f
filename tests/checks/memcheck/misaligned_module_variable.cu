// launch: grid=1 block=32 args=i32:1
// Four bytes at an odd address reach beyond the variable too; as on a card, that it is odd comes first.
__device__ int total[32];

__global__ void odd(int by) {
    char* bytes = reinterpret_cast<char*>(total) + 4 * threadIdx.x + by;
    *reinterpret_cast<int*>(bytes) = 42;  // expect: memcheck misaligned
}
