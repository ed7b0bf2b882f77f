// launch: grid=1 block=32 args=f16[16,32],f32[16,16]:out,i32:8
// A 16 x 16 piece of half may begin at every 16th column, not at the 8th.
#include <mma.h>
using namespace nvcuda;
__global__ void piece(const half* x, float* y, int column) {
    wmma::fragment<wmma::matrix_a, 16, 16, 16, half, wmma::row_major> a;
    wmma::fragment<wmma::matrix_b, 16, 16, 16, half, wmma::col_major> b;
    wmma::fragment<wmma::accumulator, 16, 16, 16, float> c;
    wmma::fill_fragment(c, 0.0f);
    wmma::load_matrix_sync(b, x, 32);
    wmma::load_matrix_sync(a, x + column, 32);  // expect: memcheck misaligned
    wmma::mma_sync(c, a, b, c);
    wmma::store_matrix_sync(y, c, 16, wmma::mem_row_major);
}
