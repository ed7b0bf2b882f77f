// What every version of the ladder is asked, and which part of it a block has.
//
// Contract. o = softmax(q k^T * scale) v, head by head, of the keys that a query sees.
//   q, o     (batch, heads, seq_q, D); k, v (batch, heads / group, seq_k, D): query heads h * group to
//            h * group + group - 1 share head h of k and v. fp16 or bf16, sums in float32. The last dimension is
//            contiguous; the other strides are given in elements. Rows begin at multiples of 4 bytes, from
//            vectorised.cu on at multiples of 16.
//   mask     query i sees keys i + shift - left to i + shift + right, as far as they are there; shift is
//            seq_k - seq_q with `bottom_right` (the last query meets the last key, as in flash-attention), else 0
//            (top left, as torch's is_causal). Causal: right = 0. No bound: one of seq_q + seq_k or more.
//   packed   with cu_q and cu_k, of batch + 1 offsets each, sequence b is rows cu_q[b] to cu_q[b + 1] - 1 of q and
//            o, and likewise of k and v; seq_q and seq_k are not looked at, and batch strides are 0.
// A query that sees no key comes out as zeros. Sizes are below 2^29.
// Launch: 128 threads, grid = (ceil(longest seq_q / rows of a block), heads, batch), or as the version says.

#pragma once

#include "pairs.cuh"

struct Strides {
    long long batch, head, row;
};

// One head of one sequence: where its rows begin, how many there are, and which keys a query sees.
template <typename T>
struct Part {
    const T* q;
    const T* k;
    const T* v;
    T* o;
    int seq_q, seq_k;
    int low, high;  // query i sees keys i + low to i + high - 1

    __device__ int first_key(int row) const { return max(0, row + low); }
    __device__ int end_of_keys(int row) const { return min(seq_k, row + high); }  // may be <= 0
};

template <typename T>
__device__ Part<T> part_of(long long batch, int head, const T* q, const T* k, const T* v, const int* cu_q,
                           const int* cu_k, T* o, int seq_q, int seq_k, int group, int left, int right, int bottom_right,
                           Strides at_q, Strides at_k, Strides at_v, Strides at_o)
{
    const int head_k = head / group;
    long long first_q = 0;
    long long first_k = 0;
    if (cu_q != nullptr) {
        first_q = cu_q[batch];
        first_k = cu_k[batch];
        seq_q = cu_q[batch + 1] - cu_q[batch];
        seq_k = cu_k[batch + 1] - cu_k[batch];
    }
    const int shift = bottom_right ? seq_k - seq_q : 0;
    return {q + batch * at_q.batch + head * at_q.head + first_q * at_q.row,
            k + batch * at_k.batch + head_k * at_k.head + first_k * at_k.row,
            v + batch * at_v.batch + head_k * at_v.head + first_k * at_v.row,
            o + batch * at_o.batch + head * at_o.head + first_q * at_o.row,
            seq_q, seq_k, shift - left, shift + right + 1};
}

template <typename T>
__device__ Part<T> part_of_block(const T* q, const T* k, const T* v, const int* cu_q, const int* cu_k, T* o,
                                 int seq_q, int seq_k, int group, int left, int right, int bottom_right,
                                 Strides at_q, Strides at_k, Strides at_v, Strides at_o)
{
    return part_of(blockIdx.z, blockIdx.y, q, k, v, cu_q, cu_k, o, seq_q, seq_k, group, left, right, bottom_right,
                   at_q, at_k, at_v, at_o);
}

// Where the first row of a sequence and head is written: the same as Part's o, for a kernel that has no registers to hold
// it in until it is needed.
template <typename T>
__device__ T* output_of(long long batch, int head, const int* cu_q, T* o, Strides at)
{
    const long long first = cu_q != nullptr ? cu_q[batch] : 0;
    return o + batch * at.batch + head * at.head + first * at.row;
}
