// launch: grid=1 block=32 args=f16[16,16],f16[16,16],f32[16,16]:out
#include <mma.h>
using namespace nvcuda;
__global__ void padded(const half* x, const half* z, float* y) {
    constexpr int pitch = 20;
    __shared__ __align__(32) float sums[16 * pitch];
    wmma::fragment<wmma::matrix_a, 16, 16, 16, half, wmma::row_major> a;
    wmma::fragment<wmma::matrix_b, 16, 16, 16, half, wmma::row_major> b;
    wmma::fragment<wmma::accumulator, 16, 16, 16, float> c;
    wmma::fill_fragment(c, 0.0f);
    wmma::load_matrix_sync(a, x, 16);
    wmma::load_matrix_sync(b, z, 16);
    wmma::mma_sync(c, a, b, c);
    wmma::store_matrix_sync(sums, c, pitch, wmma::mem_row_major);
    __syncwarp();
    for (int i = threadIdx.x; i < 256; i += 32) y[i] = sums[i / 16 * pitch + i % 16];
}
