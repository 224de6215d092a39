/* From reset to main() without a library: for Cortex-M, and for RISC-V in machine mode. Regions and symbols are those of sections.ld. */
#include <stdint.h>

#include "board.h"

extern uint32_t data_in_flash[], data_begin[], data_end[], bss_begin[], bss_end[], stack_top[];
extern int main(void);

static const uint32_t kPaint = 0x5aa5c33c;

uint32_t board_stack_bytes(void) {
  const uint32_t* at = bss_end;
  while (at < stack_top && *at == kPaint) ++at;
  return (uint32_t)(stack_top - at) * 4;
}

__attribute__((used)) void start(void) {
  for (uint32_t i = 0; i < (uint32_t)(data_end - data_begin); ++i) data_begin[i] = data_in_flash[i];
  for (uint32_t* b = bss_begin; b < bss_end; ++b) *b = 0;
  /* Up to here, and a little less for what this function has on it. */
  for (uint32_t* s = bss_end; s < (uint32_t*)__builtin_frame_address(0) - 16; ++s) *s = kPaint;
  board_exit(main());
}

__attribute__((used)) static void fault(void) {
  board_print("fault\n");
  board_exit(3);
}

#if defined(__riscv)
/* A trap begins a stack of its own: the one that there was may be what went wrong. */
__attribute__((naked, used, section(".text.trap"), aligned(4))) static void trap(void) { __asm__ volatile("la sp, stack_top\nj fault"); }
__attribute__((naked, used, section(".vectors"))) void reset(void) {
  /* csrw mtvec, t0: in bytes, because assemblers want another name of the processor for it. */
  __asm__ volatile("la sp, stack_top\nla t0, trap\n.word 0x30529073\nj start");
}
#else
__attribute__((used, section(".vectors"))) const void* const vectors[] = {stack_top, (void*)start, (void*)fault, (void*)fault};
#endif
