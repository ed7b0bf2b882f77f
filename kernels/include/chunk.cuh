// Rows by 16 bytes a lane: the widest access there is, and the fewest instructions for the bytes of a row.

#pragma once

// As many numbers as 16 bytes hold; read and written as one.
template <typename T>
struct alignas(16) Chunk {
    static constexpr int SIZE = 16 / sizeof(T);
    T at[SIZE];
};

// Whether all of these begin at multiples of so many bytes; elsewhere an access of that size is an error.
template <int BYTES = 16, typename... T>
__device__ inline bool aligned(const T*... at)
{
    return ((reinterpret_cast<unsigned long long>(at) | ...) % BYTES) == 0;
}

template <typename T>
__device__ inline Chunk<T> load(const T* row, int chunk)
{
    return reinterpret_cast<const Chunk<T>*>(row)[chunk];
}

template <typename T>
__device__ inline void store(T* row, int chunk, const Chunk<T>& numbers)
{
    reinterpret_cast<Chunk<T>*>(row)[chunk] = numbers;
}
