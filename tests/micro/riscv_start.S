# The first instructions, where QEMU's virt begins.
        .section .start, "ax"
        .globl _start
_start: la      sp, _stack
        la      t0, fault
        csrw    mtvec, t0
        j       machine_start
        .balign 4
fault:  la      sp, _stack
        j       machine_fault

# semihosting(operation, argument): three instructions of 4 bytes in one page.
        .text
        .globl semihosting
        .balign 16
semihosting:
        .option push
        .option norvc
        slli    zero, zero, 31
        ebreak
        srai    zero, zero, 7
        .option pop
        ret
