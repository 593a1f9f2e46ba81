/* count: a plugin for QEMU that counts the instructions between two marks, which are moves of a register to itself (count.h).
 * Writes one line with a number for each pair of marks to the file named by out=; with profile=, to that file, a line for each
 * instruction that ran between marks: its address, and how often.
 *
 * QEMU's plugin interface, version 1 (docs/devel/tcg-plugins), is declared here as far as it is used, so that its headers need
 * not be installed. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { no_registers = 0, add_u64 = 0 }; /* QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_INLINE_ADD_U64 */
extern void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, void (*call)(qemu_plugin_id_t, struct qemu_plugin_tb*));
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb* tb);
extern struct qemu_plugin_insn* qemu_plugin_tb_get_insn(const struct qemu_plugin_tb* tb, size_t index);
extern const void* qemu_plugin_insn_data(const struct qemu_plugin_insn* instruction);
extern uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn* instruction);
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn* instruction, void (*call)(unsigned, void*), int flags, void* data);
extern void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn* instruction, int operation, void* to, uint64_t value);
extern void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, void (*call)(qemu_plugin_id_t, void*), void* data);

EXPORT int qemu_plugin_version = 1;

static uint64_t count, begin;
static FILE *out, *profile;
static int arm64, arm32;

/* An instruction as it was translated: how often it ran, and of that until the last mark, and between marks. */
struct place {
    uint64_t address, times, before, between;
    struct place* next;
};
static struct place* places;

static void at_begin(unsigned cpu, void* data) {
    (void)cpu, (void)data, begin = count;
    for (struct place* p = places; p; p = p->next) p->before = p->times;
}

static void at_end(unsigned cpu, void* data) {
    (void)cpu, (void)data, fprintf(out, "%llu\n", (unsigned long long)(count - begin));
    for (struct place* p = places; p; p = p->next) p->between += p->times - p->before, p->before = p->times;
}

static void at_exit(qemu_plugin_id_t id, void* data) {
    (void)id, (void)data, fclose(out);
    for (struct place* p = places; p; p = p->next)
        if (p->between) fprintf(profile, "%llx %llu\n", (unsigned long long)p->address, (unsigned long long)p->between);
    if (profile) fclose(profile);
}

static void count_place(struct qemu_plugin_insn* instruction) {
    struct place* p = calloc(1, sizeof *p);
    if (!p) abort();
    p->address = qemu_plugin_insn_vaddr(instruction), p->next = places, places = p;
    qemu_plugin_register_vcpu_insn_exec_inline(instruction, add_u64, &p->times, 1);
}

/* 0: not a mark, 1: begin, 2: end. In Thumb the first halfword alone is looked at: before the end of a page QEMU hands out the
 * next one with it. */
static int mark(const void* bytes) {
    uint16_t half;
    uint32_t word;
    memcpy(&half, bytes, 2);
    if (!arm64 && !arm32) return half == 0x46c9 ? 1 : half == 0x46d2 ? 2 : 0;
    memcpy(&word, bytes, 4);
    if (arm32) return word == 0xe1a09009 ? 1 : word == 0xe1a0a00a ? 2 : 0;
    return word == 0xaa1b03fb ? 1 : word == 0xaa1c03fc ? 2 : 0;
}

static void on_block(qemu_plugin_id_t id, struct qemu_plugin_tb* tb) {
    (void)id;
    const size_t n = qemu_plugin_tb_n_insns(tb);
    for (size_t i = 0; i < n; i++) {
        struct qemu_plugin_insn* instruction = qemu_plugin_tb_get_insn(tb, i);
        const int which = mark(qemu_plugin_insn_data(instruction));
        if (which) qemu_plugin_register_vcpu_insn_exec_cb(instruction, which == 1 ? at_begin : at_end, no_registers, NULL);
        else qemu_plugin_register_vcpu_insn_exec_inline(instruction, add_u64, &count, 1);
        if (!which && profile) count_place(instruction);
    }
}

/* The second argument, of a type that is not needed here, describes the emulator. Arguments: out=FILE, profile=FILE, isa=thumb|a32|a64. */
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void* emulator, int argc, char** argv) {
    (void)emulator;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "out=", 4) == 0) out = fopen(argv[i] + 4, "w");
        if (strncmp(argv[i], "profile=", 8) == 0) profile = fopen(argv[i] + 8, "w");
        if (strcmp(argv[i], "isa=a64") == 0) arm64 = 1;
        if (strcmp(argv[i], "isa=a32") == 0) arm32 = 1;
    }
    if (!out) return 1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
    qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    return 0;
}
