// startup: from reset (or a loader) to the program, on one core, at EL1, with the MMU off.

    .section .vectors, "ax"
    .global reset_handler
reset_handler:
    mrs x0, mpidr_el1
    tst x0, #0xff
    b.ne park
    mov x0, #(3 << 20)              // CPACR_EL1.FPEN: no trap on float registers
    msr cpacr_el1, x0
    adr x0, exception_vectors
    msr vbar_el1, x0
    isb
    adrp x0, link_stack_start
    add x0, x0, :lo12:link_stack_start
    adrp x1, link_stack_end
    add x1, x1, :lo12:link_stack_end
    mov sp, x1
    mov w2, #0xa5a5
    movk w2, #0xa5a5, lsl #16
paint:
    str w2, [x0], #4
    cmp x0, x1
    b.lo paint
    bl start_program
park:
    wfe
    b park

// Sixteen entries of 128 bytes; nobody expects any of them. x0: which one.
    .section .text.exceptions, "ax"
    .balign 2048
exception_vectors:
    .set entry, 0
    .rept 16
    .balign 128
    adrp x0, link_stack_end
    add sp, x0, :lo12:link_stack_end  // the stack may be what failed
    mov x0, #entry
    b report_fault
    .set entry, entry + 1
    .endr
