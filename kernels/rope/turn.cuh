// Pairs of numbers turned by an angle.

#pragma once

// (a + b i) (cos + sin i), in float32 whatever T is.
template <typename T>
__device__ inline void turn(T& a, T& b, float cos, float sin)
{
    const float x = static_cast<float>(a);
    const float y = static_cast<float>(b);
    a = static_cast<T>(x * cos - y * sin);
    b = static_cast<T>(x * sin + y * cos);
}

// A token's heads, pair by pair, for rows that wide accesses cannot reach: pair c of a head begins at c * step, and its
// second number is `apart` further on. Cosines of the `half` pairs, then sines.
template <typename T>
__device__ void turn_pairs(const T* x, const float* turns, T* y, int heads, int half, long long x_head, long long y_head,
                           int step, int apart)
{
    for (int i = threadIdx.x; i < heads * half; i += blockDim.x) {
        const int c = i % half;
        const T* from = x + i / half * x_head + c * step;
        T* to = y + i / half * y_head + c * step;
        T a = from[0];
        T b = from[apart];
        turn(a, b, turns[c], turns[half + c]);
        to[0] = a;
        to[apart] = b;
    }
}
