// A Cortex-M of QEMU: vectors, semihosting, SysTick as the counter of instructions (with -icount shift=0 one takes a nanosecond).
#include "learn.h"

extern "C" {
extern uint8_t _end[], _stack[], _data[], _data_end[];
extern const uint8_t _data_load[];
}

const uint32_t kTickModulus = 1u << 24, kInstructionsATick = INSTRUCTIONS_A_TICK;

namespace {

constexpr int kWrite0 = 0x04, kExitExtended = 0x20;
constexpr uint32_t kApplicationExit = 0x20026;

void semihosting(int operation, const void* argument) {
  register int r0 __asm__("r0") = operation;
  register const void* r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}
[[noreturn]] void leave(uint32_t status) {
  const uint32_t block[2] = {kApplicationExit, status};
  semihosting(kExitExtended, block);
  for (;;) {
  }
}

volatile uint32_t* const kSysTick = reinterpret_cast<volatile uint32_t*>(0xe000e010);  // control, reload, current

void start() {
  for (uint32_t i = 0; _data + i < _data_end; ++i) _data[i] = _data_load[i];
  if (kInstructionsATick > 0) {
    kSysTick[1] = 0xffffff;
    kSysTick[2] = 0;
    kSysTick[0] = 5;  // the processor's clock, enabled
  }
  learn_all();
  leave(0);
}
void fault() {
  put("fault\n");
  leave(1);
}

using Entry = void (*)();
__attribute__((section(".vectors"), used)) const Entry kVectors[16] = {reinterpret_cast<Entry>(_stack),
                                                                       start,
                                                                       fault,
                                                                       fault,
                                                                       fault,
                                                                       fault,
                                                                       fault,
                                                                       fault,
                                                                       fault,
                                                                       fault,
                                                                       fault,
                                                                       fault,
                                                                       fault,
                                                                       fault,
                                                                       fault,
                                                                       fault};

}  // namespace

void put(const char* line) { semihosting(kWrite0, line); }
uint32_t ticks() { return 0xffffff - kSysTick[2]; }
uint8_t* stack_end() { return _end; }
