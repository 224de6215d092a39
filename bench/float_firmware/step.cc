// Instructions of a training step and of a prediction: of a firmware folder, or (FLOAT_NET) of float_net.cc.
#include <stdint.h>

#include "board.h"

#if defined(FLOAT_NET)
#include "nets.h"

namespace {

float parameters[parameter_count()], values[value_count()], errors[2 * largest_value()];
const FloatNet kNet = {kLayers, kLayerCount, parameters, values, errors, largest_value()};
uint8_t pixels[kLayers[0].inputs()];

void begin() { initialize(kNet); }
int32_t learn(int32_t label) { return train_step(kNet, pixels, label, 0.01f); }
int32_t infer() { return predict(kNet, pixels); }

}  // namespace
#else
#include "intrain_net.h"

namespace {

uint64_t arena[INTRAIN_ARENA_BYTES / 8];
uint8_t pixels[INTRAIN_INPUTS];

void begin() { intrain_init(arena); }
int32_t learn(int32_t label) { return intrain_train_step(arena, pixels, label); }
int32_t infer() { return intrain_predict(arena, pixels, nullptr); }

}  // namespace
#endif

namespace {

constexpr int32_t kSamples = 10;

void print(const char* what, uint32_t number) {
  char text[12];
  int32_t at = sizeof text - 1;
  text[at] = 0;
  for (; number != 0; number /= 10) text[--at] = static_cast<char>('0' + number % 10);
  board_print(what);
  board_print(text + at);
}

// Pixels as a picture has them: half of them dark.
void draw(uint32_t sample) {
  uint32_t state = sample;
  for (uint8_t& pixel : pixels) {
    state = state * 1664525u + 1013904223u;
    pixel = static_cast<uint8_t>((state >> 31) != 0 ? state >> 23 & 0xff : 0);
  }
}

}  // namespace

extern "C" int main() {
  begin();
  board_start_counter();
  uint32_t learned = 0, inferred = 0;
  for (int32_t i = 0; i < kSamples; ++i) {
    draw(static_cast<uint32_t>(i));
    const uint32_t first = board_ticks();
    infer();
    const uint32_t second = board_ticks();
    learn(i);
    learned += board_instructions(second, board_ticks()) / kSamples;
    inferred += board_instructions(first, second) / kSamples;
  }
  print("predict ", inferred);
  print(" train ", learned);
  print(" stack ", board_stack_bytes());
  board_print("\n");
  return 0;
}
