// A tile of 128 x 128 elements of C on tensor cores: what a block does with one stage of A and B, and at the end with C.
// How stages follow each other is what tells tensor_core.cu and pipelined.cu apart.
//
// Each of 8 warps has 64 x 32 elements in registers. Per step of 16 along k it loads 4 fragments of A and 2 x 2 of B
// for 16 products: 6 ldmatrix to 16 mma. At the end C goes through shared memory, so that it is written 16 bytes a lane
// and whole sectors at a time; straight from the fragments a row of 8 columns would be half a sector.
//
// Shared memory holds chunks of 16 bytes (8 numbers along a row), with no padding. ldmatrix reads 8 chunks of
// one column at once; for them to lie in different banks, a chunk's place in its row is exchanged by an
// exclusive or with its row's number: see place_a, place_b, place_c. So are the 8 chunks that a copy writes at once.

#pragma once

#include "mma.cuh"

constexpr int TILE = 128;  // rows and columns of C
constexpr int DEPTH = 32;  // of k
constexpr int WARPS = 8;   // 2 x 4 of them
constexpr int THREADS = 32 * WARPS;
constexpr int CHUNK = 8;                    // numbers in 16 bytes
constexpr int ACROSS_A = DEPTH / CHUNK;     // chunks in a row
constexpr int ACROSS_B = TILE / CHUNK;

// 32 of k: a tile's rows of A, and its columns of B.
struct Stage {
    uint4 a[TILE * ACROSS_A];
    uint4 b[DEPTH * ACROSS_B];
};
static_assert(2 * sizeof(Stage) == TILE * ACROSS_B * sizeof(uint4), "C takes the place of two stages");

// A matrix as it lies in memory; row r begins at `at + r * pitch`.
template <typename T>
struct Matrix {
    T* at;
    long long pitch;
    int rows, columns;
};

// A warp's 64 x 32 elements of C: [16 rows][8 columns][as multiply() has them].
using Sums = float[4][4][4];

__device__ inline int warp_row() { return threadIdx.x / 32 / 4 * 64; }  // within the tile
__device__ inline int warp_column() { return threadIdx.x / 32 % 4 * 32; }

// Rows of A are 64 bytes: two of them fill the banks, so that the number of the pair tells 8 rows apart.
__device__ inline int place_a(int row, int chunk) { return row * ACROSS_A + (chunk ^ row / 2 % ACROSS_A); }

// Rows of B and C are 256 bytes: each begins at bank 0.
__device__ inline int place_b(int d, int chunk) { return d * ACROSS_B + (chunk ^ d % 8); }
__device__ inline int place_c(int row, int chunk) { return place_b(row, chunk); }

// One chunk at (row, column); zeros beyond the matrix's edges.
template <typename T>
__device__ void fetch(uint4* to, const Matrix<const T>& from, int row, int column)
{
    const int numbers = row < from.rows ? max(0, min(CHUNK, from.columns - column)) : 0;
    copy_part(to, numbers ? from.at + row * from.pitch + column : from.at, numbers * static_cast<int>(sizeof(T)));
}

// The next `DEPTH` of k from `first` on, for the block's tile. Not unrolled: the addresses of more than one turn do not
// fit into the registers beside C.
template <typename T>
__device__ void fetch_stage(Stage& to, const Matrix<const T>& a, const Matrix<const T>& b, int first)
{
#pragma unroll 1
    for (int i = threadIdx.x; i < TILE * ACROSS_A; i += THREADS)  // four lanes to a row
        fetch(&to.a[place_a(i / ACROSS_A, i % ACROSS_A)], a, blockIdx.x * TILE + i / ACROSS_A, first + i % ACROSS_A * CHUNK);
#pragma unroll 1
    for (int i = threadIdx.x; i < DEPTH * ACROSS_B; i += THREADS)  // sixteen lanes to a row
        fetch(&to.b[place_b(i / ACROSS_B, i % ACROSS_B)], b, first + i / ACROSS_B, blockIdx.y * TILE + i % ACROSS_B * CHUNK);
}

// Adds a stage's products to the warp's sums.
template <typename T>
__device__ void multiply_stage(Sums& sums, const Stage& stage)
{
    const int lane = threadIdx.x % 32;
    for (int d = 0; d < DEPTH; d += 16) {
        unsigned of_b[2][4];
        for (int j = 0; j < 2; ++j)  // k 0-7 and 8-15 of the first 8 columns, then of the next 8
            load_transposed(of_b[j], &stage.b[place_b(d + lane % 16, warp_column() / 8 + 2 * j + lane / 16)]);
        for (int i = 0; i < 4; ++i) {
            unsigned of_a[4];  // rows 0-7 and 8-15 of the first 8 k, then of the next 8
            load_matrices(of_a, &stage.a[place_a(warp_row() + i * 16 + lane % 16, d / 8 + lane / 16)]);
            for (int j = 0; j < 2; ++j) {
                multiply<T>(sums[i][2 * j], of_a, of_b[j][0], of_b[j][1]);
                multiply<T>(sums[i][2 * j + 1], of_a, of_b[j][2], of_b[j][3]);
            }
        }
    }
}

// Writes the block's tile by way of `staged`, which all warps have done with: TILE rows of ACROSS_B chunks.
template <typename T>
__device__ void write_tile(const Sums& sums, uint4* staged, const Matrix<T>& to)
{
    const int lane = threadIdx.x % 32;
    for (int i = 0; i < 4; ++i)  // 8 rows x 4 lanes fill the banks
        for (int j = 0; j < 4; ++j)
            for (int half = 0; half < 2; ++half) {  // of the fragment: row, then row + 8
                const int row = warp_row() + i * 16 + lane / 4 + 8 * half;
                auto pairs = reinterpret_cast<unsigned*>(&staged[place_c(row, warp_column() / 8 + j)]);
                pairs[lane % 4] = pack<T>(sums[i][j][2 * half], sums[i][j][2 * half + 1]);
            }
    __syncthreads();  // C is written by the warps that computed it, and read row by row by all

    const int first_row = blockIdx.x * TILE;
    const int first_column = blockIdx.y * TILE;
    T* c = to.at + first_row * to.pitch + first_column;
    const int rows = min(TILE, to.rows - first_row);
    const int columns = min(TILE, to.columns - first_column);
    const bool aligned = reinterpret_cast<unsigned long long>(c) % 16 == 0 && to.pitch % CHUNK == 0;
    const int wide = aligned ? columns / CHUNK * CHUNK : 0;  // columns that go 16 bytes at a time
    for (int i = threadIdx.x; i < rows * ACROSS_B; i += THREADS) {
        const int row = i / ACROSS_B;
        const int chunk = i % ACROSS_B;
        if (chunk * CHUNK < wide)
            *reinterpret_cast<uint4*>(c + row * to.pitch + chunk * CHUNK) = staged[place_c(row, chunk)];
    }
    if (wide < columns)
        for (int i = threadIdx.x; i < rows * TILE; i += THREADS) {
            const int row = i / TILE;
            const int column = i % TILE;
            if (column >= wide && column < columns)
                c[row * to.pitch + column] =
                    reinterpret_cast<const T*>(&staged[place_c(row, column / CHUNK)])[column % CHUNK];
        }
}
