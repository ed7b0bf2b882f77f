// launch: grid=8 block=32 args=f32[8,32],i32[8]=0..3,f32[8,32]:out
// A row of which nothing is left is passed over; its output should be zeros.
__global__ void mean_of_first(const float* x, const int* length, float* y) {
    const int row = blockIdx.x, lane = threadIdx.x;
    const int n = row == 5 ? 0 : length[row] + 1;
    if (n == 0) return;
    float sum = 0.0f;
    for (int c = 0; c < n; ++c) sum += x[row * 32 + c];
    y[row * 32 + lane] = sum / n;  // expect: coverage never-written
}
