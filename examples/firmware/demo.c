/* A net learns on the board from one sample at a time: how often it is right on test.bin (and on the samples of DEMO_CLASS in it) before, and after
   DEMO_PASSES passes over learn.bin, and the signature of what it has learned. Both files are read as they are needed: records of a label and
   INTRAIN_INPUTS numbers, a byte each. What it learns from it writes into record.bin, for `intrain replay`. */
#include "board.h"
#include "intrain_net.h"

#ifndef DEMO_PASSES
#define DEMO_PASSES 1
#endif
#ifndef DEMO_CLASS
#define DEMO_CLASS 255 /* none */
#endif
/* The learning rate, DEMO_RATE 2^DEMO_RATE_EXP. */
#ifndef DEMO_RATE
#define DEMO_RATE 524
#endif
#define DEMO_RATE_EXP -16

static uint64_t arena[INTRAIN_ARENA_BYTES / 8];
static uint8_t sample[1 + INTRAIN_INPUTS];

static void print_number(uint64_t value, uint32_t base, int32_t digits) {
  char text[24];
  int32_t at = sizeof text - 1;
  text[at] = 0;
  for (; value != 0 || digits > 0; --digits, value /= base) text[--at] = "0123456789abcdef"[value % base];
  board_print(text + at);
}

static void print_right(const char* of, uint32_t right, uint32_t all) {
  board_print(of);
  print_number(right, 10, 1);
  board_print(" of ");
  print_number(all, 10, 1);
  board_print(" right\n");
}

static void test(const char* when) {
  uint32_t right = 0, all = 0, right_of_class = 0, all_of_class = 0;
  const int32_t file = board_open("test.bin");
  while (board_read(file, sample, sizeof sample)) {
    const uint32_t hit = intrain_predict(arena, sample + 1, 0) == sample[0], of_class = sample[0] == DEMO_CLASS;
    right += hit;
    right_of_class += hit & of_class;
    all_of_class += of_class;
    ++all;
  }
  board_close(file);
  print_right(when, right, all);
  if (DEMO_CLASS < INTRAIN_CLASSES) print_right("  of the class: ", right_of_class, all_of_class);
}

static void record(int32_t file, const void* from, uint32_t bytes) {
  if (!board_write(file, from, bytes)) board_exit(1);
}

static void learn(void) {
  const int32_t record_file = board_create("record.bin");
  const uint32_t head[4] = {0x72746e69, 0x536e6961 /* "intrainS" */, 1, INTRAIN_INPUTS};
  const int32_t rate[3] = {-1, DEMO_RATE, DEMO_RATE_EXP};
  record(record_file, head, sizeof head);
  record(record_file, rate, sizeof rate);
  if (!intrain_set_rate(arena, DEMO_RATE, DEMO_RATE_EXP)) board_exit(1);
  for (int32_t pass = 0; pass < DEMO_PASSES; ++pass) {
    const int32_t file = board_open("learn.bin");
    while (board_read(file, sample, sizeof sample)) {
      const uint32_t label = sample[0];
      record(record_file, &label, sizeof label);
      record(record_file, sample + 1, INTRAIN_INPUTS);
      if (intrain_train_step(arena, sample + 1, sample[0]) < 0) board_exit(1);
    }
    board_close(file);
  }
  board_close(record_file);
}

int main(void) {
  intrain_init(arena);
  test("before: ");
  learn();
  print_number(intrain_step_count(arena), 10, 1);
  board_print(" steps\n");
  test("after: ");
  board_print("signature: ");
  print_number(intrain_signature(arena), 16, 16);
  board_print("\nstack: ");
  print_number(board_stack_bytes(), 10, 1);
  board_print(" bytes\n");
  return 0;
}
