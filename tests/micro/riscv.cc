// RV32 as QEMU's virt has it: semihosting, minstret as the counter of instructions.
#include "learn.h"

extern "C" {
extern uint8_t _end[];
int semihosting(int operation, const void* argument);  // riscv_start.S
}

namespace {

constexpr int kWrite0 = 0x04, kExitExtended = 0x20;
constexpr uint32_t kApplicationExit = 0x20026;

[[noreturn]] void leave(uint32_t status) {
  const uint32_t block[2] = {kApplicationExit, status};
  semihosting(kExitExtended, block);
  for (;;) {
  }
}

}  // namespace

extern "C" void machine_start() {
  learn_all();
  leave(0);
}
extern "C" void machine_fault() {
  put("fault\n");
  leave(1);
}
const uint32_t kTickModulus = 0, kInstructionsATick = 1;
void put(const char* line) { semihosting(kWrite0, line); }
uint32_t ticks() {
  uint32_t count;
  __asm__ volatile("csrr %0, minstret" : "=r"(count));
  return count;
}
uint8_t* stack_end() { return _end; }
