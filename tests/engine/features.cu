// What kernels do, one of each, for test_run.py.
#include <cuda_fp16.h>
#include <cuda_bf16.h>
#include <cooperative_groups.h>
#include <cuda_pipeline.h>
#include <cstdio>
#include <cassert>
namespace cg = cooperative_groups;
extern "C" __global__ void diverge(const int* a, int* o, int n) {
  int i = blockIdx.x*blockDim.x+threadIdx.x; if (i>=n) return;
  int x=a[i], s=0;
  for (int k=0;k<x;k++){ if (k%3==0) continue; if (k>40) break; s+= (k&1)? k*x : -k; while(s>1000) s-=777; }
  switch(x%5){case 0: s+=1;break;case 1: s*=2; case 2: s-=3;break; case 3: s^=x; break; default: s=~s;}
  o[i]=s;
}
__device__ __noinline__ int fib(int n){ return n<2? n : fib(n-1)+fib(n-2); }
extern "C" __global__ void recurse(int* o){ o[threadIdx.x]=fib(threadIdx.x%12); }
__device__ __noinline__ float helper(const float* p, int n, float* extra){ float s=0; for(int i=0;i<n;i++) s+=p[i]; *extra=s*2; return s; }
extern "C" __global__ void local_arrays(const float* a, float* o, int n){
  float buf[16]; for(int i=0;i<16;i++) buf[i]=a[(threadIdx.x+i)%n];
  float e; float s=helper(buf, 1+threadIdx.x%16, &e); o[threadIdx.x]=s+e+buf[(threadIdx.x*7)%16];
}
extern "C" __global__ void atomics(int* c, float* f, unsigned* m){
  __shared__ int s; if(threadIdx.x==0) s=0; __syncthreads();
  atomicAdd(&s,1); atomicMax(m,blockIdx.x*100+threadIdx.x); atomicAdd(f,0.5f); atomicExch(c+2, 7);
  int old=atomicCAS(c+1,0,1); if(old==0) atomicAdd(c+3,1);
  __syncthreads(); if(threadIdx.x==0) atomicAdd(c,s);
}
extern "C" __global__ void hist(const unsigned char* d, int* h, int n){
  __shared__ int b[256]; for(int i=threadIdx.x;i<256;i+=blockDim.x) b[i]=0; __syncthreads();
  for(int i=threadIdx.x+blockIdx.x*blockDim.x;i<n;i+=blockDim.x*gridDim.x) atomicAdd(&b[d[i]],1);
  __syncthreads(); for(int i=threadIdx.x;i<256;i+=blockDim.x) atomicAdd(h+i,b[i]);
}
extern "C" __global__ void prints(int n){ if(threadIdx.x<n) printf("t %d f %.3f s %s c %c ll %lld u %u %%\n", threadIdx.x, threadIdx.x*1.5, "str", 'a'+threadIdx.x, 1234567890123LL*threadIdx.x, 0xffffffffu); }
extern "C" __global__ void asserts(int n){ assert(threadIdx.x<n); }
extern "C" __global__ void traps(int n){ if(threadIdx.x==n) __trap(); }
extern "C" __global__ void async_ok(const float4* a, float4* o){
  __shared__ float4 s[2][128]; int t=threadIdx.x;
  __pipeline_memcpy_async(&s[0][t], a+t, 16); __pipeline_commit();
  __pipeline_memcpy_async(&s[1][t], a+128+t, 16); __pipeline_commit();
  __pipeline_wait_prior(1); __syncthreads(); o[t]=s[0][127-t];
  __pipeline_wait_prior(0); __syncthreads(); o[128+t]=s[1][127-t];
}
extern "C" __global__ void async_bad(const float4* a, float4* o){
  __shared__ float4 s[2][128]; int t=threadIdx.x;
  __pipeline_memcpy_async(&s[0][t], a+t, 16); __pipeline_commit();
  __pipeline_memcpy_async(&s[1][t], a+128+t, 16); __pipeline_commit();
  __pipeline_wait_prior(1); __syncthreads(); o[t]=s[0][127-t];
  o[128+t]=s[1][127-t];
}
extern "C" __global__ void coop(const int* a, int* o){
  auto b=cg::this_thread_block(); auto w=cg::tiled_partition<32>(b); auto q=cg::tiled_partition<8>(w);
  int v=a[b.thread_rank()]; for(int k=q.size()/2;k>0;k/=2) v+=q.shfl_down(v,k);
  b.sync(); o[b.thread_rank()]= q.thread_rank()==0? v : -1;
  unsigned m=w.ballot(v>10); o[128+threadIdx.x]=m; o[256+threadIdx.x]=w.any(v==3)+2*w.all(v>0);
}
extern "C" __global__ void halfs(const __half2* a, const __half2* b, __half2* o, __nv_bfloat16* p, const float* f){
  int i=threadIdx.x; o[i]=__hfma2(a[i],b[i],__hadd2(a[i],__float2half2_rn(0.5f)));
  o[i+64]=__hmul2(h2exp(a[i]), __hmax2(a[i],b[i])); p[i]=__float2bfloat16(f[i])*__float2bfloat16(1.5f);
}
extern "C" __global__ void count_sync(const int* a, int* o){ int p=a[threadIdx.x]>5; o[threadIdx.x]=__syncthreads_count(p)*4+__syncthreads_and(p)*2+__syncthreads_or(p); }
extern "C" __global__ void dyn(float* o){ extern __shared__ float s[]; s[threadIdx.x]=threadIdx.x; __syncthreads(); o[threadIdx.x]=s[(threadIdx.x+1)%blockDim.x]; }
__constant__ float coef[4]={1.f,2.f,3.f,4.f}; __device__ int counter=5;
extern "C" __global__ void consts(float* o){ o[threadIdx.x]=coef[threadIdx.x%4]+ (threadIdx.x==0? atomicAdd(&counter,1):0); }
extern "C" __global__ void grid3(int* o){ int x=blockIdx.x*blockDim.x+threadIdx.x,y=blockIdx.y*blockDim.y+threadIdx.y,z=blockIdx.z*blockDim.z+threadIdx.z; o[(z*(gridDim.y*blockDim.y)+y)*(gridDim.x*blockDim.x)+x]=x+100*y+10000*z; }
extern "C" __global__ void spin(volatile float* flag, float* o){ while(*flag==0.f); *o=1; }
extern "C" __global__ void hand_on(int* o){ __shared__ volatile int turn; if(threadIdx.x==0) turn=3; __syncthreads(); int w=threadIdx.x/32; if(threadIdx.x%32==0){ while(turn!=w); o[w]=turn; turn=w-1; } }
extern "C" __global__ void add_to(float* y){ y[blockIdx.x*blockDim.x+threadIdx.x] += 1.f; }
extern "C" __global__ void add_one(float* y){ float first = y[0]; y[blockIdx.x*blockDim.x+threadIdx.x] = first; }
extern "C" __global__ void pick(const float* x, float* y, int in_shared, int i){
  __shared__ float s[64]; s[threadIdx.x]=x[threadIdx.x]; __syncthreads();
  const float* p = in_shared ? s : x; y[threadIdx.x]=p[i]; }
extern "C" __global__ void at(float* y, int i){ __shared__ float s[64]; s[threadIdx.x]=1.f; __syncthreads(); y[threadIdx.x]=s[i]; }
extern "C" __global__ void by_group(const int* k, const int* v, int* o){
  int t=threadIdx.x; unsigned same=__match_any_sync(~0u,k[t]); int all=0;
  o[t]=__reduce_add_sync(same,v[t]); o[32+t]=__reduce_max_sync(same,v[t]); o[64+t]=__ballot_sync(same,v[t]>4);
  o[96+t]=__all_sync(same,v[t]>2)+2*__any_sync(same,v[t]>8); o[128+t]=__match_any_sync(same,v[t]&1);
  o[160+t]=__match_all_sync(same,v[t]&2,&all); o[192+t]=all;
}
// Functions through pointers: a table, one chosen for the block, one chosen lane by lane, virtual ones, one that calls back.
typedef int (*op)(int,int);
__device__ int op_add(int a,int b){ return a+b; }
__device__ int op_mul(int a,int b){ return a*b; }
__device__ __noinline__ int op_shared(int a,int b){ __shared__ int s[64]; s[threadIdx.x]=a; __syncwarp(__activemask()); return s[threadIdx.x]-b; }
__device__ op ops[4]={op_add,op_mul,op_shared,nullptr};
__device__ __noinline__ int apply(op f,int n,int x){ return n==0 ? x : apply(f,n-1,f(x,n)); }
struct Shape { int k; __device__ virtual int area(int x) const { return x+k; } };
struct Square : Shape { __device__ int area(int x) const override { return x*x*k; } };
struct Hollow : Square { __device__ int area(int x) const override { return Square::area(x)-k; } };
extern "C" __global__ void pointers(int*o,int n){
  int t=threadIdx.x; op one=ops[n]; o[t]=ops[t%3](t,n)+1000*one(t,3);
  op own = t&4 ? op_add : op_mul; if(t%5) o[64+t]=own(t,7);
  Shape a; Square b; Hollow c; a.k=3; b.k=4; c.k=5; Shape* all[3]={&a,&b,&c}; o[128+t]=all[t*7%3]->area(t)+all[n]->area(2);
  o[192+t]=apply(ops[t&1],t%4,t);
}
extern "C" __global__ void no_pointer(int*o,int n){ int t=threadIdx.x; o[t]=ops[n](t,t); }

extern "C" __global__ void wait_for_the_clock(long long* passed, long long ticks, int lanes) {
    long long begun = clock64(), now = begun;
    unsigned low = clock();
    // Lanes leave the loop one after another, each with the time at which it left.
    while (now - begun < ticks + (threadIdx.x % lanes) * 1000) now = clock64();
    passed[blockIdx.x * blockDim.x + threadIdx.x] = clock() > low ? now - begun : -1;
}

extern "C" __global__ void local_bytes(const unsigned char* a, short* out) {
    unsigned char low[8];
    short wide[8];
    const int t = threadIdx.x;
    for (int k = 0; k < 8; k++) {
        const int at = a[8 * t + k] % 8;  // a permutation, so that the arrays stay in memory
        low[at] = a[8 * t + k];
        wide[7 - at] = -300 * k;
    }
    if (t % 3 == 0) low[a[t] % 8] += 1;
    for (int k = 0; k < 8; k++) out[8 * t + k] = low[k] + wide[a[8 * t] % 8];
}
