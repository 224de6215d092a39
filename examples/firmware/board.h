/* What a demo needs of the machine it runs on: samples in, text and a record out, an end. By semihosting (boards/semihost.c), which emulators and
   debuggers answer. On a device of yours samples come from its sensor. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

void board_print(const char* text);
/* The file of that name, from its beginning; it ends the program where there is none. */
int32_t board_open(const char* name);
/* 1: all of the bytes were read; 0: it ends before. */
int32_t board_read(int32_t file, void* to, uint32_t bytes);
/* A new file. */
int32_t board_create(const char* name);
/* 1, or 0 if it does not take all of the bytes. */
int32_t board_write(int32_t file, const void* from, uint32_t bytes);
void board_close(int32_t file);
__attribute__((noreturn)) void board_exit(int32_t status);
/* How deep the stack has been, or 0 where nobody knows. */
uint32_t board_stack_bytes(void);
/* Instructions between two times (boards/counter.c), where QEMU is run with -icount shift=0: on mps2-an385 to the next 40, and less than 600 million of
   them; on RISC-V all. */
void board_start_counter(void);
uint32_t board_ticks(void);
uint32_t board_instructions(uint32_t before, uint32_t after);

#ifdef __cplusplus
}
#endif

#endif
