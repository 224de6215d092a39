// Where every tensor of a step lies: buffers with a lifetime on the step's time line, packed into one block before the first
// step.
//
// Time: layer i of L runs forward at i, the loss is at L, layer i runs backward at 2 L - i, and 2 L + 1 is between two steps. Buffers whose
// lifetimes meet never overlap; others may share memory. All that a net holds lies there, parameters and momentum too, so that total_bytes() is
// what it takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/api.h"
#include "core/buffer.h"

namespace intrain {

struct PlannedBuffer {
  std::string name;
  size_t bytes;
  int first, last;  // inclusive
  size_t offset = 0;
};

class INTRAIN_API MemoryPlan {
 public:
  MemoryPlan() = default;
  // Of memory in which offsets are multiples of `alignment`, a power of two, instead of kAlignment.
  explicit MemoryPlan(size_t alignment) : alignment_(alignment) {}
  // Returns the buffer's index.
  int add(std::string name, size_t bytes, int first, int last);
  // Chooses the offsets: those that live all the time at the bottom; then the largest first, each at the lowest place free for its whole
  // lifetime. Offsets are multiples of the alignment.
  void pack();
  // Where a buffer lies in the block at `memory`; null for buffer -1.
  uint8_t* address(uint8_t* memory, int buffer) const {
    return buffer < 0 ? nullptr : memory + buffers_[static_cast<size_t>(buffer)].offset;
  }
  size_t total_bytes() const { return total_bytes_; }
  const std::vector<PlannedBuffer>& buffers() const { return buffers_; }

 private:
  std::vector<PlannedBuffer> buffers_;
  size_t total_bytes_ = 0;
  size_t alignment_ = kAlignment;
};

}  // namespace intrain
