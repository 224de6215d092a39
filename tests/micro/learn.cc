#include "learn.h"

#include "board.h"

// Of boards/sections.ld, where the stack may grow to; elsewhere there is none.
extern "C" uint8_t bss_end[] __attribute__((weak));

namespace {

constexpr uint8_t kPaint = 0xa5;
constexpr uint32_t kPainted = 8192;

// The lowest byte that the stack may take of what is painted below `from`; null where it is not measured.
uint8_t* stack_end(const uint8_t* from) {
  if (bss_end == nullptr) return nullptr;
  const auto room = static_cast<uint32_t>(from - bss_end);
  return bss_end + (room > kPainted ? room - kPainted : 0);
}
// Below this function's own frame.
__attribute__((noinline)) void paint_stack(uint8_t* low) {
  volatile uint8_t* const high = static_cast<uint8_t*>(__builtin_frame_address(0)) - 128;
  for (volatile uint8_t* at = low; at < high; ++at) *at = kPaint;
}
uint32_t painted(const volatile uint8_t* low) {
  uint32_t count = 0;
  while (low[count] == kPaint) ++count;
  return count;
}

class Line {
 public:
  void add(const char* text) {
    while (*text != 0) text_[length_++] = *text++;
  }
  void add_hex(uint64_t v, int digits) {
    while (digits-- > 0) text_[length_++] = "0123456789abcdef"[v >> (4 * digits) & 15];
  }
  void end() {
    text_[length_++] = '\n';
    text_[length_] = 0;
    board_print(text_);
  }

 private:
  char text_[96];
  int length_ = 0;
};

// The deepest frame of all of a net's functions lies this far below the caller's.
struct Result {
  uint32_t sum, instructions, stack;
};
__attribute__((noinline)) Result learn(const FirmwareNet& net) {
  const uint8_t* const here = static_cast<uint8_t*>(__builtin_frame_address(0));
  uint8_t* const low = stack_end(here);
  if (low != nullptr) paint_stack(low);
  net.init(kArena);
  uint32_t sum = 0, count = 0;
  for (int32_t i = 0; i < net.samples; ++i) {
    const uint32_t before = board_ticks();
    sum = net.show(kArena, i, sum);
    count += board_instructions(before, board_ticks());
  }
  if (net.keep != nullptr && !net.keep(kArena)) sum = ~sum;  // shows as another sum
  return {sum, count, low != nullptr ? static_cast<uint32_t>(here - low) - painted(low) : 0};
}

}  // namespace

int32_t read_slot(void*, int32_t slot, uint32_t offset, void* to, uint32_t bytes) {
  for (uint32_t i = 0; i < bytes; ++i) static_cast<uint8_t*>(to)[i] = slot == 0 ? kSlot[offset + i] : 0;
  return 1;
}
int32_t write_slot(void*, int32_t slot, uint32_t offset, const void* from, uint32_t bytes) {
  if (slot != 0) return 0;
  for (uint32_t i = 0; i < bytes; ++i) kSlot[offset + i] = static_cast<const uint8_t*>(from)[i];
  return 1;
}

// All nets, a line each: name, sum of outputs, signature or -, instructions of all samples together, bytes of stack.
extern "C" int main() {
  board_start_counter();
  for (int32_t i = 0; i < kFirmwareNetCount; ++i) {
    const FirmwareNet& net = kFirmwareNets[i];
    const Result result = learn(net);
    Line line;
    line.add(net.name);
    line.add(" ");
    line.add_hex(result.sum, 8);
    line.add(" ");
    if (net.signature != nullptr)
      line.add_hex(net.signature(kArena), 16);
    else
      line.add("-");
    line.add(" ");
    line.add_hex(result.instructions, 8);
    line.add(" ");
    line.add_hex(result.stack, 8);
    line.end();
  }
  return 0;
}
