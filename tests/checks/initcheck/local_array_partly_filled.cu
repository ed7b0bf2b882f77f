// launch: grid=1 block=32 args=i32[32]=0..7,i32[32]:out,i32:5
// Seven places are looked at where five have been filled.
__global__ void best(const int* x, int* y, int n) {
    int score[8];
    for (int i = 0; i < n; ++i) score[i] = x[(threadIdx.x + i) % 32];
    int s = 0;
#pragma unroll 1
    for (int i = 0; i < n + 2; ++i) {
        s = max(s, score[i]);  // expect: initcheck uninitialised-local
    }
    y[threadIdx.x] = s;
}
