// New keys and values into a paged cache (Kwon et al. 2023, section 4.1), one thread block a token.
//
// A sequence's cache lies in blocks of `page` slots that are anywhere in memory; row s of the table lists those of
// sequence s in order. Position p of it is slot p % page of block table[s][p / page]. Numbers are only moved, 16
// bytes a lane, so that what they mean does not matter here: only how wide they are. Every thread of a block looks
// the slot up itself: the same address for all is one read of the cache, and cheaper than a barrier.
//
// Nothing of the cache is read, and nothing of it is written but the tokens' own slots.
//
// Contract: k and v are (tokens, heads, dim), the caches (blocks, page, heads, dim), all but the last dimension
// strided; sequences and positions hold a number a token; a token whose position is below 0 is padding and has no
// slot. No two tokens have the same slot: blocks write in no order. gridDim.x = tokens.

#include "chunk.cuh"

// (heads, dim) of one token, heads `step` and `to_step` elements apart.
template <typename T>
__device__ void copy_heads(const T* from, T* to, int heads, int dim, long long step, long long to_step)
{
    constexpr int SIZE = Chunk<T>::SIZE;
    const bool wide = dim % SIZE == 0 && step % SIZE == 0 && to_step % SIZE == 0 && aligned(from, to);
    if (wide) {
        const int chunks = dim / SIZE;
        for (int i = threadIdx.x; i < heads * chunks; i += blockDim.x)
            store(to + i / chunks * to_step, i % chunks, load(from + i / chunks * step, i % chunks));
    } else {
        for (int i = threadIdx.x; i < heads * dim; i += blockDim.x)
            to[i / dim * to_step + i % dim] = from[i / dim * step + i % dim];
    }
}

template <typename T>
__device__ void append(const T* k, const T* v, const int* table, const int* sequences, const int* positions,
                       T* k_cache, T* v_cache, int heads, int dim, int page, long long table_row,
                       long long k_token, long long k_head, long long v_token, long long v_head,
                       long long kc_block, long long kc_slot, long long kc_head,
                       long long vc_block, long long vc_slot, long long vc_head)
{
    const int token = blockIdx.x;
    const int position = positions[token];
    if (position < 0)
        return;
    const long long block = table[sequences[token] * table_row + position / page];
    const int slot = position % page;
    copy_heads(k + token * k_token, k_cache + block * kc_block + slot * kc_slot, heads, dim, k_head, kc_head);
    copy_heads(v + token * v_token, v_cache + block * vc_block + slot * vc_slot, heads, dim, v_head, vc_head);
}

extern "C" __global__ void __launch_bounds__(128)
paged_kv_append_16bit(const unsigned short* k, const unsigned short* v, const int* table, const int* sequences,
                      const int* positions, unsigned short* k_cache, unsigned short* v_cache, int heads, int dim,
                      int page, long long table_row, long long k_token, long long k_head, long long v_token,
                      long long v_head, long long kc_block, long long kc_slot, long long kc_head,
                      long long vc_block, long long vc_slot, long long vc_head)
{
    append(k, v, table, sequences, positions, k_cache, v_cache, heads, dim, page, table_row, k_token, k_head, v_token,
           v_head, kc_block, kc_slot, kc_head, vc_block, vc_slot, vc_head);
}

extern "C" __global__ void __launch_bounds__(128)
paged_kv_append_32bit(const float* k, const float* v, const int* table, const int* sequences, const int* positions,
                      float* k_cache, float* v_cache, int heads, int dim, int page, long long table_row,
                      long long k_token, long long k_head, long long v_token, long long v_head, long long kc_block,
                      long long kc_slot, long long kc_head, long long vc_block, long long vc_slot, long long vc_head)
{
    append(k, v, table, sequences, positions, k_cache, v_cache, heads, dim, page, table_row, k_token, k_head, v_token,
           v_head, kc_block, kc_slot, kc_head, vc_block, vc_slot, vc_head);
}
