/* Semihosting of ARM and of RISC-V, which has the same calls. */
#include "board.h"

enum { kOpen = 0x01, kClose = 0x02, kWrite0 = 0x04, kWrite = 0x05, kRead = 0x06, kExitExtended = 0x20 };

static int32_t call(int32_t operation, const void* argument) {
#if defined(__riscv)
  register int32_t a0 __asm__("a0") = operation;
  register const void* a1 __asm__("a1") = argument;
  /* These three, uncompressed and in one page. */
  __asm__ volatile(".balign 16\n.option push\n.option norvc\nslli x0, x0, 0x1f\nebreak\nsrai x0, x0, 7\n.option pop"
                   : "+r"(a0)
                   : "r"(a1)
                   : "memory");
  return a0;
#else
  register int32_t r0 __asm__("r0") = operation;
  register const void* r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
#endif
}

void board_print(const char* text) { call(kWrite0, text); }

void board_exit(int32_t status) {
  const uint32_t stopped = 0x20026; /* by the application */
  const uint32_t arguments[2] = {stopped, (uint32_t)status};
  call(kExitExtended, arguments);
  for (;;) {
  }
}

static int32_t open_file(const char* name, uint32_t mode) {
  uint32_t length = 0;
  while (name[length] != 0) ++length;
  const uint32_t arguments[3] = {(uint32_t)(uintptr_t)name, mode, length};
  const int32_t file = call(kOpen, arguments);
  if (file < 0) {
    board_print("cannot be opened: ");
    board_print(name);
    board_print("\n");
    board_exit(2);
  }
  return file;
}

int32_t board_open(const char* name) {
  const uint32_t read_binary = 1;
  return open_file(name, read_binary);
}

int32_t board_create(const char* name) {
  const uint32_t write_binary = 5;
  return open_file(name, write_binary);
}

/* Of both calls: the bytes that were not. */

int32_t board_read(int32_t file, void* to, uint32_t bytes) {
  const uint32_t arguments[3] = {(uint32_t)file, (uint32_t)(uintptr_t)to, bytes};
  return call(kRead, arguments) == 0;
}

int32_t board_write(int32_t file, const void* from, uint32_t bytes) {
  const uint32_t arguments[3] = {(uint32_t)file, (uint32_t)(uintptr_t)from, bytes};
  return call(kWrite, arguments) == 0;
}

void board_close(int32_t file) {
  const uint32_t arguments[1] = {(uint32_t)file};
  call(kClose, arguments);
}
