// Barriers that lie in shared memory and count arrivals (from sm_90 on, where a wait sleeps in hardware): thin names
// for PTX instructions. A phase is over when as many have arrived as init() was told; the next begins at once. Who
// waits says which phase it means by its parity: 0 for the first, 1 for the second, 0 again for the third.
// A wait orders what others did before they arrived before what this thread does next.
// Source: PTX ISA, "Parallel Synchronization and Communication Instructions: mbarrier".

#pragma once

#include "mma.cuh"

using Barrier = unsigned long long;

// By one thread, before a barrier that all of the block meet at.
__device__ inline void init(Barrier& at, int arrivals)
{
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(&at)), "r"(arrivals) : "memory");
}

__device__ inline void arrive(Barrier& at)
{
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared_address(&at)) : "memory");
}

// This thread arrives as soon as all its cp.async so far have, whatever it does meanwhile. noinc: it is one of the
// arrivals that init() counted, and not one more.
__device__ inline void arrive_after_copies(Barrier& at)
{
    asm volatile("cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%0];" ::"r"(shared_address(&at)) : "memory");
}

// Until the phase of this parity is over. Before the first phase the one of parity 1 counts as over.
__device__ inline void wait(Barrier& at, unsigned parity)
{
    asm volatile(
        "{\n"
        ".reg .pred over;\n"
        "again:\n"
        "mbarrier.try_wait.parity.shared::cta.b64 over, [%0], %1;\n"
        "@!over bra again;\n"
        "}\n" ::"r"(shared_address(&at)), "r"(parity) : "memory");
}
