/* Instructions, as QEMU counts them. */
#include "board.h"

#if defined(__riscv)

void board_start_counter(void) {}
uint32_t board_ticks(void) {
  /* csrr a0, minstret: in bytes, because assemblers want another name of the processor for it. */
  register uint32_t a0 __asm__("a0");
  __asm__ volatile(".word 0xb0202573" : "=r"(a0));
  return a0;
}
uint32_t board_instructions(uint32_t before, uint32_t after) { return after - before; }

#else

static const uint32_t kLastTick = 0xffffff, kInstructionsATick = 40;       /* a nanosecond each, at 25 MHz */
static volatile uint32_t* const kSysTick = (volatile uint32_t*)0xe000e010; /* control, reload, current */

void board_start_counter(void) {
  kSysTick[1] = kLastTick;
  kSysTick[2] = 0;
  kSysTick[0] = 5; /* the processor's clock, enabled */
}
uint32_t board_ticks(void) { return kLastTick - kSysTick[2]; }
uint32_t board_instructions(uint32_t before, uint32_t after) { return ((after - before) & kLastTick) * kInstructionsATick; }

#endif
