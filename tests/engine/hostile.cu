// Kernels that do what a kernel must not, for test_guard.py; and a few that only look as if they did.
extern "C" __global__ void twice(const float* x, float* y, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = 2 * x[i];
}
extern "C" __global__ void add_at(float* p, long long offset) { *(float*)((char*)p + offset) += 1; }
extern "C" __global__ void through_a_table(float** table, int n) { table[threadIdx.x % n][threadIdx.x / n] = threadIdx.x; }
__device__ __noinline__ int deep(int n, volatile int* p)  // stack-overflow: recurse
{
    int kept[64];
    for (int i = 0; i < 64; i++) kept[i] = p[i % 2] + n;
    return n ? deep(n - 1, p) + kept[n % 64] : kept[p[0]];
}
extern "C" __global__ void recurse(int* p, int n) { p[2] = deep(n, p); }
__device__ __noinline__ long long fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }  // limit: fibs
extern "C" __global__ void fibs(int* p, int n) { p[0] = fib(n); }
__device__ __noinline__ int turns(volatile int* p, int n)
{
    int sum = 0;
    for (int i = 0; i < n; i++) sum += p[0];  // limit: calls
    return sum;  // limit: calls
}
extern "C" __global__ void calls(int* p, int n)
{
    int sum = 0;
    for (int k = 0; k < 1000000000; k++) sum += turns(p, n);  // limit: calls
    p[1] = sum;
}
extern "C" __global__ void spins(int* p, int n) { while (atomicCAS(p, 1, 1) == 0) __nanosleep(n); }  // limit: spins
extern "C" __global__ void waits(int* p, int n) { for (;;) { __syncthreads(); if (p[0] == n) break; } }  // limit: waits
extern "C" __global__ void itself(int* p, int n) { asm volatile("L: bra L;"); }  // limit: itself
extern "C" __global__ void floods(int* p, int n) { for (int i = 0; i < n; i++) printf("%d\n", i); }
