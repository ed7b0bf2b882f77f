// out[i] = a[i] + b[i] in float32, by a grid-stride loop.
//
// Each thread starts at its global index and strides by the size of the whole grid, so that any
// grid covers any n: the launch may be sized to the card and not to the problem. Neighbouring lanes
// touch neighbouring floats, so each warp's access is 4 sectors of 32 bytes, which is the least.
//
// Contract: a, b, out hold n floats each; out may be a or b, but may not overlap them otherwise.

extern "C" __global__ void __launch_bounds__(256)
vector_add(const float* a, const float* b, float* out, long long n)
{
    // 64-bit on purpose: with 2^31 elements or more, a 32-bit index wraps and writes before the buffer.
    const long long first = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
    const long long stride = static_cast<long long>(gridDim.x) * blockDim.x;
    for (long long i = first; i < n; i += stride)
        out[i] = a[i] + b[i];
}
