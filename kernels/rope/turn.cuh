// One pair of numbers turned by an angle.

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
