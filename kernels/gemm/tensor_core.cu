// C = A B on tensor cores. What it adds to tiled.cu: the products are mma.sync m16n8k16, the operands stay 16
// bits wide all the way into the registers (ldmatrix), and the next tile is on its way (cp.async, two stages)
// while this one is worked on.
//
// A block has 128 x 128 elements of C, each of its 8 warps 64 x 32 of them in registers, and walks along k, 32
// at a time. Per step of 16 a warp loads 4 fragments of A and 2 x 2 of B for 16 products: 6 ldmatrix to 16 mma.
// At the end C goes through shared memory, so that it is written 16 bytes a lane and whole sectors at a time;
// straight from the fragments a row of 8 columns would be half a sector.
// The price: 32,768 bytes of shared memory and up to 128 registers a thread: two blocks on a multiprocessor.
//
// Shared memory holds chunks of 16 bytes (8 numbers along a row), with no padding. ldmatrix reads 8 chunks of
// one column at once; for them to lie in different banks, a chunk's place in its row is exchanged by an
// exclusive or with its row's number: see place_a, place_b, place_c.
//
// Contract: as tiled.cu, but every row of a and b begins at a multiple of 16 bytes; where c's rows do so, too,
// they are written 16 bytes at a time. m, n, k may be anything: a chunk that hangs over an edge is read only as
// far as there is something. blockDim.x = 256; grid = (ceil(m / 128), ceil(n / 128)). From sm_80 on.

#include "mma.cuh"

constexpr int TILE = 128;  // rows and columns of C
constexpr int DEPTH = 32;  // of k
constexpr int WARPS = 8;   // 2 x 4 of them
constexpr int THREADS = 32 * WARPS;
constexpr int CHUNK = 8;                    // numbers in 16 bytes
constexpr int ACROSS_A = DEPTH / CHUNK;     // chunks in a row
constexpr int ACROSS_B = TILE / CHUNK;
constexpr int STAGE = TILE * ACROSS_A;      // chunks of A in a stage; B has as many
static_assert(STAGE == DEPTH * ACROSS_B && 4 * STAGE == TILE * ACROSS_B, "C takes the place of both stages");

// Rows of A are 64 bytes: two of them fill the banks, so that the number of the pair tells 8 rows apart.
__device__ int place_a(int row, int chunk) { return row * ACROSS_A + (chunk ^ row / 2 % ACROSS_A); }

// Rows of B and C are 256 bytes: each begins at bank 0.
__device__ int place_b(int d, int chunk) { return d * ACROSS_B + (chunk ^ d % 8); }
__device__ int place_c(int row, int chunk) { return place_b(row, chunk); }

// One chunk at (row, column) of a (rows, columns) matrix; zeros beyond its edges.
template <typename T>
__device__ void fetch(uint4* to, const T* from, long long pitch, int row, int column, int rows, int columns)
{
    const int numbers = row < rows ? max(0, min(CHUNK, columns - column)) : 0;
    copy_part(to, numbers ? from + row * pitch + column : from, numbers * static_cast<int>(sizeof(T)));
}

template <typename T>
__device__ void gemm(const T* a, const T* b, T* c, int m, int n, int k, long long pitch_a, long long pitch_b,
                     long long pitch_c)
{
    __shared__ uint4 stages[2][2][STAGE];  // [stage][A or B]
    const int first_row = blockIdx.x * TILE;
    const int first_column = blockIdx.y * TILE;
    const int lane = threadIdx.x % 32;
    const int warp_row = threadIdx.x / 32 / 4 * 64;  // within the tile
    const int warp_column = threadIdx.x / 32 % 4 * 32;

    // Not unrolled: the addresses of more than one turn do not fit into the registers beside C.
    const auto fetch_tile = [&](int stage, int first) {
#pragma unroll 1
        for (int i = threadIdx.x; i < STAGE; i += THREADS)  // four lanes to a row
            fetch(&stages[stage][0][place_a(i / ACROSS_A, i % ACROSS_A)], a, pitch_a, first_row + i / ACROSS_A,
                  first + i % ACROSS_A * CHUNK, m, k);
#pragma unroll 1
        for (int i = threadIdx.x; i < STAGE; i += THREADS)  // sixteen lanes to a row
            fetch(&stages[stage][1][place_b(i / ACROSS_B, i % ACROSS_B)], b, pitch_b, first + i / ACROSS_B,
                  first_column + i % ACROSS_B * CHUNK, k, n);
    };

    float acc[4][4][4] = {};  // [16 rows][8 columns][as multiply() has them]
    fetch_tile(0, 0);
    commit();
    for (int first = 0; first < k; first += DEPTH) {
        const int stage = first / DEPTH % 2;
        if (first + DEPTH < k)
            fetch_tile(1 - stage, first + DEPTH);
        commit();         // empty in the last turn, so that the count of groups is the same in each
        wait<1>();        // all but the newest group: this tile
        __syncthreads();  // every thread's part of it

        for (int d = 0; d < DEPTH; d += 16) {
            unsigned of_b[2][4];
            for (int j = 0; j < 2; ++j)  // k 0-7 and 8-15 of the first 8 columns, then of the next 8
                load_transposed(of_b[j], &stages[stage][1][place_b(d + lane % 16, warp_column / 8 + 2 * j + lane / 16)]);
            for (int i = 0; i < 4; ++i) {
                unsigned of_a[4];  // rows 0-7 and 8-15 of the first 8 k, then of the next 8
                load_matrices(of_a, &stages[stage][0][place_a(warp_row + i * 16 + lane % 16, d / 8 + lane / 16)]);
                for (int j = 0; j < 2; ++j) {
                    multiply<T>(acc[i][2 * j], of_a, of_b[j][0], of_b[j][1]);
                    multiply<T>(acc[i][2 * j + 1], of_a, of_b[j][2], of_b[j][3]);
                }
            }
        }
        __syncthreads();  // all have read this stage before the next turn's fetch, or C, overwrites it
    }

    uint4* staged = &stages[0][0][0];  // [row][chunk of the tile's columns], 8 rows x 4 lanes fill the banks
    for (int i = 0; i < 4; ++i)
        for (int j = 0; j < 4; ++j)
            for (int half = 0; half < 2; ++half) {  // of the fragment: row, then row + 8
                const int row = warp_row + i * 16 + lane / 4 + 8 * half;
                auto pairs = reinterpret_cast<unsigned*>(&staged[place_c(row, warp_column / 8 + j)]);
                pairs[lane % 4] = pack<T>(acc[i][j][2 * half], acc[i][j][2 * half + 1]);
            }
    __syncthreads();  // C is written by the warps that computed it, and read row by row by all

    c += first_row * pitch_c + first_column;
    const int rows = min(TILE, m - first_row);
    const int columns = min(TILE, n - first_column);
    const bool aligned = reinterpret_cast<unsigned long long>(c) % 16 == 0 && pitch_c % CHUNK == 0;
    const int wide = aligned ? columns / CHUNK * CHUNK : 0;  // columns that go 16 bytes at a time
    for (int i = threadIdx.x; i < rows * ACROSS_B; i += THREADS) {
        const int row = i / ACROSS_B;
        const int chunk = i % ACROSS_B;
        if (chunk * CHUNK < wide)
            *reinterpret_cast<uint4*>(c + row * pitch_c + chunk * CHUNK) = staged[place_c(row, chunk)];
    }
    if (wide < columns)
        for (int i = threadIdx.x; i < rows * TILE; i += THREADS) {
            const int row = i / TILE;
            const int column = i % TILE;
            if (column >= wide && column < columns)
                c[row * pitch_c + column] =
                    reinterpret_cast<const T*>(&staged[place_c(row, column / CHUNK)])[column % CHUNK];
        }
}

extern "C" __global__ void __launch_bounds__(THREADS, 2)
gemm_tensor_core_fp16(const __half* a, const __half* b, __half* c, int m, int n, int k, long long pitch_a,
                      long long pitch_b, long long pitch_c)
{
    gemm(a, b, c, m, n, k, pitch_a, pitch_b, pitch_c);
}

extern "C" __global__ void __launch_bounds__(THREADS, 2)
gemm_tensor_core_bf16(const __nv_bfloat16* a, const __nv_bfloat16* b, __nv_bfloat16* c, int m, int n, int k,
                      long long pitch_a, long long pitch_b, long long pitch_c)
{
    gemm(a, b, c, m, n, k, pitch_a, pitch_b, pitch_c);
}
