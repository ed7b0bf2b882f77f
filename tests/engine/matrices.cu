// Matrices through wmma, ldmatrix and mma, for test_run.py.
#include <mma.h>
#include <cuda_fp16.h>
#include <cuda_bf16.h>
using namespace nvcuda;
extern "C" __global__ void w16(const half* a, const half* b, float* c){
  wmma::fragment<wmma::matrix_a,16,16,16,half,wmma::row_major> fa; wmma::fragment<wmma::matrix_b,16,16,16,half,wmma::row_major> fb; wmma::fragment<wmma::accumulator,16,16,16,float> fc;
  wmma::load_matrix_sync(fa,a,16); wmma::load_matrix_sync(fb,b,16); wmma::fill_fragment(fc,0.f); wmma::mma_sync(fc,fa,fb,fc); wmma::store_matrix_sync(c,fc,16,wmma::mem_row_major);
}
extern "C" __global__ void w16c(const half* a, const half* b, half* c){
  wmma::fragment<wmma::matrix_a,16,16,16,half,wmma::col_major> fa; wmma::fragment<wmma::matrix_b,16,16,16,half,wmma::col_major> fb; wmma::fragment<wmma::accumulator,16,16,16,half> fc;
  wmma::load_matrix_sync(fa,a,16); wmma::load_matrix_sync(fb,b,16); wmma::load_matrix_sync(fc,c,16,wmma::mem_row_major); wmma::mma_sync(fc,fa,fb,fc); wmma::store_matrix_sync(c,fc,16,wmma::mem_row_major);
}
extern "C" __global__ void w32(const __nv_bfloat16* a, const __nv_bfloat16* b, float* c){
  wmma::fragment<wmma::matrix_a,32,8,16,__nv_bfloat16,wmma::row_major> fa; wmma::fragment<wmma::matrix_b,32,8,16,__nv_bfloat16,wmma::col_major> fb; wmma::fragment<wmma::accumulator,32,8,16,float> fc;
  wmma::load_matrix_sync(fa,a,16); wmma::load_matrix_sync(fb,b,16); wmma::fill_fragment(fc,1.f); wmma::mma_sync(fc,fa,fb,fc); wmma::store_matrix_sync(c,fc,8,wmma::mem_row_major);
}
extern "C" __global__ void w8(const signed char* a, const signed char* b, int* c){
  wmma::fragment<wmma::matrix_a,8,32,16,signed char,wmma::row_major> fa; wmma::fragment<wmma::matrix_b,8,32,16,signed char,wmma::row_major> fb; wmma::fragment<wmma::accumulator,8,32,16,int> fc;
  wmma::load_matrix_sync(fa,a,16); wmma::load_matrix_sync(fb,b,32); wmma::fill_fragment(fc,3); wmma::mma_sync(fc,fa,fb,fc); wmma::store_matrix_sync(c,fc,32,wmma::mem_row_major);
}
// one-thread-per-element view of fragments by the ISA's tables
extern "C" __global__ void m16816(const half* a, const half* b, float* c){ // a 16x16 row, b 8x16 (n,k)
  __shared__ __align__(16) half sa[256]; __shared__ __align__(16) half sb[128]; int l=threadIdx.x;
  for(int i=l;i<256;i+=32) sa[i]=a[i]; for(int i=l;i<128;i+=32) sb[i]=b[i]; __syncwarp();
  unsigned A[4],B[2]; unsigned p=(unsigned)__cvta_generic_to_shared(sa+(l%16)*16+(l/16)*8); unsigned q=(unsigned)__cvta_generic_to_shared(sb+(l%8)*16+(l/8%2)*8);
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3},[%4];":"=r"(A[0]),"=r"(A[1]),"=r"(A[2]),"=r"(A[3]):"r"(p));
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1},[%2];":"=r"(B[0]),"=r"(B[1]):"r"(q));
  float d[4]={0,0,0,0};
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};":"+f"(d[0]),"+f"(d[1]),"+f"(d[2]),"+f"(d[3]):"r"(A[0]),"r"(A[1]),"r"(A[2]),"r"(A[3]),"r"(B[0]),"r"(B[1]));
  int g=l/4,t=l%4; c[g*8+2*t]=d[0]; c[g*8+2*t+1]=d[1]; c[(g+8)*8+2*t]=d[2]; c[(g+8)*8+2*t+1]=d[3];
}
extern "C" __global__ void m16816t(const half* a, const half* b, float* c){ // b 16x8 row-major (k,n) through .trans
  __shared__ __align__(16) half sa[256]; __shared__ __align__(16) half sb[128]; int l=threadIdx.x;
  for(int i=l;i<256;i+=32) sa[i]=a[i]; for(int i=l;i<128;i+=32) sb[i]=b[i]; __syncwarp();
  unsigned A[4],B[2]; unsigned p=(unsigned)__cvta_generic_to_shared(sa+(l%16)*16+(l/16)*8); unsigned q=(unsigned)__cvta_generic_to_shared(sb+(l%16)*8);
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3},[%4];":"=r"(A[0]),"=r"(A[1]),"=r"(A[2]),"=r"(A[3]):"r"(p));
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1},[%2];":"=r"(B[0]),"=r"(B[1]):"r"(q));
  float d[4]={0,0,0,0};
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};":"+f"(d[0]),"+f"(d[1]),"+f"(d[2]),"+f"(d[3]):"r"(A[0]),"r"(A[1]),"r"(A[2]),"r"(A[3]),"r"(B[0]),"r"(B[1]));
  int g=l/4,t=l%4; c[g*8+2*t]=d[0]; c[g*8+2*t+1]=d[1]; c[(g+8)*8+2*t]=d[2]; c[(g+8)*8+2*t+1]=d[3];
}
