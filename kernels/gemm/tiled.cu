// C = A B, tiled: each thread block has 64 x 64 elements of C and walks along k, 16 at a time.
//
// A product of (m, k) and (k, n) does 2 m n k operations on (m + n) k elements. Element by element, each
// operation would fetch its own operands; a block that holds 64 rows of A and 64 columns of B in shared memory
// uses each of them 64 times. From there a thread takes what it needs for 4 x 4 elements of C into registers,
// which divides the traffic of shared memory by four again. Sums are kept in float32.
// The price: 8,192 bytes of shared memory, and every operand is widened to float32 once a tile.
//
// Where things lie in shared memory, with no bank conflict in any access:
//   rows     float [row][k], 16 to a row: two rows side by side are 32 banks; a thread's rows are 16 apart, so
//            that the two that a warp reads at once (as float4, each the same for 16 lanes) are such neighbours;
//   columns  float [k][column]: a warp reads 16 columns side by side, each twice.
//
// Contract: a is (m, k), b (k, n), c (m, n), rows `pitch_a`, `pitch_b`, `pitch_c` elements apart, elements of a
// row side by side; m, n, k >= 1; a, b and c do not overlap. blockDim.x = 256; grid = (ceil(m / 64), ceil(n / 64)).

#include <cuda_bf16.h>
#include <cuda_fp16.h>

constexpr int TILE = 64;   // rows and columns of C
constexpr int DEPTH = 16;  // of k
constexpr int THREADS = 256;
constexpr int EACH = 4;    // rows and columns of a thread, 16 apart

template <typename T>
__device__ void gemm(const T* a, const T* b, T* c, int m, int n, int k, long long pitch_a, long long pitch_b,
                     long long pitch_c)
{
    __shared__ alignas(16) float rows[TILE][DEPTH];
    __shared__ float columns[DEPTH][TILE];
    const int first_row = blockIdx.x * TILE;
    const int first_column = blockIdx.y * TILE;
    const int y = threadIdx.x / 16;
    const int x = threadIdx.x % 16;

    float acc[EACH][EACH] = {};
    for (int first = 0; first < k; first += DEPTH) {
        // Zeros beyond the edges: they add nothing. What lay there before might be NaN.
        for (int i = threadIdx.x; i < TILE * DEPTH; i += THREADS) {
            const int row = i / DEPTH;
            const int d = i % DEPTH;
            const bool there = first_row + row < m && first + d < k;
            rows[row][d] = there ? static_cast<float>(a[(first_row + row) * pitch_a + first + d]) : 0.0f;
        }
        for (int i = threadIdx.x; i < TILE * DEPTH; i += THREADS) {
            const int d = i / TILE;
            const int column = i % TILE;
            const bool there = first + d < k && first_column + column < n;
            columns[d][column] = there ? static_cast<float>(b[(first + d) * pitch_b + first_column + column]) : 0.0f;
        }
        __syncthreads();  // the tile is there

        for (int d = 0; d < DEPTH; d += 4) {
            float4 of_a[EACH];
            for (int i = 0; i < EACH; ++i)
                of_a[i] = *reinterpret_cast<const float4*>(&rows[y + 16 * i][d]);
            for (int j = 0; j < EACH; ++j) {
                const float of_b[4] = {columns[d][x + 16 * j], columns[d + 1][x + 16 * j],
                                       columns[d + 2][x + 16 * j], columns[d + 3][x + 16 * j]};
                for (int i = 0; i < EACH; ++i) {
                    acc[i][j] = fmaf(of_a[i].x, of_b[0], acc[i][j]);
                    acc[i][j] = fmaf(of_a[i].y, of_b[1], acc[i][j]);
                    acc[i][j] = fmaf(of_a[i].z, of_b[2], acc[i][j]);
                    acc[i][j] = fmaf(of_a[i].w, of_b[3], acc[i][j]);
                }
            }
        }
        __syncthreads();  // all have read the tile before the next one overwrites it
    }

    for (int i = 0; i < EACH; ++i)
        for (int j = 0; j < EACH; ++j) {
            const int row = first_row + y + 16 * i;
            const int column = first_column + x + 16 * j;
            if (row < m && column < n)
                c[row * pitch_c + column] = static_cast<T>(acc[i][j]);
        }
}

extern "C" __global__ void __launch_bounds__(THREADS)
gemm_tiled_fp16(const __half* a, const __half* b, __half* c, int m, int n, int k, long long pitch_a,
                long long pitch_b, long long pitch_c)
{
    gemm(a, b, c, m, n, k, pitch_a, pitch_b, pitch_c);
}

extern "C" __global__ void __launch_bounds__(THREADS)
gemm_tiled_bf16(const __nv_bfloat16* a, const __nv_bfloat16* b, __nv_bfloat16* c, int m, int n, int k,
                long long pitch_a, long long pitch_b, long long pitch_c)
{
    gemm(a, b, c, m, n, k, pitch_a, pitch_b, pitch_c);
}
