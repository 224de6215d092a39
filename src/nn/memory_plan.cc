#include "nn/memory_plan.h"

#include <algorithm>
#include <numeric>

#include "core/buffer.h"

namespace intrain {

int MemoryPlan::add(std::string name, size_t bytes, int first, int last) {
  buffers_.push_back({std::move(name), align_up(bytes), first, last, 0});
  return static_cast<int>(buffers_.size()) - 1;
}

void MemoryPlan::pack() {
  std::vector<size_t> order(buffers_.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return buffers_[a].bytes > buffers_[b].bytes; });
  std::vector<const PlannedBuffer*> placed;  // by offset
  total_bytes_ = 0;
  for (size_t index : order) {
    PlannedBuffer& b = buffers_[index];
    size_t at = 0;
    for (const PlannedBuffer* p : placed) {
      if (p->last < b.first || b.last < p->first) continue;
      if (p->offset >= at + b.bytes) break;  // fits below p
      at = std::max(at, p->offset + p->bytes);
    }
    b.offset = at;
    total_bytes_ = std::max(total_bytes_, at + b.bytes);
    placed.insert(std::upper_bound(placed.begin(), placed.end(), &b, [](auto* x, auto* y) { return x->offset < y->offset; }), &b);
  }
}

}  // namespace intrain
