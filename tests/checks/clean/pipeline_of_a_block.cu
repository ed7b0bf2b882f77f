// launch: grid=1 block=128 args=f32[512],f32[512]:out,i32:4
// Two stages of copies; a cuda::pipeline of the whole block, whose phases are mbarriers in shared memory.
#include <cooperative_groups.h>
#include <cuda/pipeline>

extern "C" __global__ void staged(const float* in, float* out, int tiles) {
    __shared__ cuda::pipeline_shared_state<cuda::thread_scope_block, 2> state;
    __shared__ float tile[2][128];
    auto block = cooperative_groups::this_thread_block();
    auto pipe = cuda::make_pipeline(block, &state);
    const int t = threadIdx.x;
    for (int k = 0; k <= tiles; ++k) {
        if (k < tiles) {
            pipe.producer_acquire();
            cuda::memcpy_async(block, tile[k % 2], in + k * 128, sizeof(float) * 128, pipe);
            pipe.producer_commit();
        }
        if (k > 0) {
            pipe.consumer_wait();
            out[(k - 1) * 128 + t] = tile[(k - 1) % 2][127 - t];
            pipe.consumer_release();
        }
    }
}
