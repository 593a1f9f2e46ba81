// registers: what saves r4-r11 on Armv6-M, where nine words are pushed, and returns with them.
#pragma once

#define MOTE_PUSH_ALL               \
    "push {r4, r5, r6, r7, lr}\n" \
    "mov r4, r8\n"                 \
    "mov r5, r9\n"                 \
    "mov r6, r10\n"                \
    "mov r7, r11\n"                \
    "push {r4, r5, r6, r7}\n"

#define MOTE_POP_ALL               \
    "pop {r4, r5, r6, r7}\n"      \
    "mov r8, r4\n"                \
    "mov r9, r5\n"                \
    "mov r10, r6\n"               \
    "mov r11, r7\n"               \
    "pop {r4, r5, r6, r7, pc}\n"
