// launch: grid=1 block=32 args=f16[16,16],f32[16,24]:out,i32:4
// Sums in float must begin at 32 bytes: at every eighth column.
#include <mma.h>
using namespace nvcuda;
__global__ void sums(const half* x, float* y, int column) {
    wmma::fragment<wmma::matrix_a, 16, 16, 16, half, wmma::row_major> a;
    wmma::fragment<wmma::matrix_b, 16, 16, 16, half, wmma::col_major> b;
    wmma::fragment<wmma::accumulator, 16, 16, 16, float> c;
    wmma::fill_fragment(c, 0.0f);
    wmma::load_matrix_sync(a, x, 16);
    wmma::load_matrix_sync(b, x, 16);
    wmma::mma_sync(c, a, b, c);
    for (int i = threadIdx.x; i < 16 * 24; i += 32) y[i] = 0;
    __syncwarp();
    wmma::store_matrix_sync(y + column, c, 24, wmma::mem_row_major);  // expect: memcheck misaligned
}
