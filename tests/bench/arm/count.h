// count: the marks between which count.c counts instructions. They do nothing; no compiler writes them.
#pragma once

#if defined(__aarch64__)
#define MOTE_COUNT_BEGIN() asm volatile("mov x27, x27" ::: "memory")
#define MOTE_COUNT_END() asm volatile("mov x28, x28" ::: "memory")
#else
#define MOTE_COUNT_BEGIN() asm volatile("mov r9, r9" ::: "memory")
#define MOTE_COUNT_END() asm volatile("mov r10, r10" ::: "memory")
#endif
