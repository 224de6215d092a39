// Of examples/firmware/board.h what the tests call, on a machine with an operating system: nothing is counted there.
#include <stdio.h>

#include "board.h"

extern "C" {
void board_print(const char* text) { fputs(text, stdout); }
void board_start_counter() {}
uint32_t board_ticks() { return 0; }
uint32_t board_instructions(uint32_t, uint32_t) { return 0; }
}
