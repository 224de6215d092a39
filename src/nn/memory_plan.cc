#include "nn/memory_plan.h"

#include <algorithm>
#include <limits>
#include <new>

namespace intrain {

namespace {

constexpr size_t kMostBytes = std::numeric_limits<std::ptrdiff_t>::max();

}  // namespace

int MemoryPlan::add(std::string name, size_t bytes, int first, int last) {
  buffers_.push_back({std::move(name), (bytes + alignment_ - 1) / alignment_ * alignment_, first, last, 0});
  return static_cast<int>(buffers_.size()) - 1;
}

void MemoryPlan::pack() {
  total_bytes_ = 0;
  // What meets all others shares memory with none: side by side at the bottom, without a search.
  int first = std::numeric_limits<int>::max(), last = std::numeric_limits<int>::min();
  for (const PlannedBuffer& b : buffers_) {
    first = std::min(first, b.first);
    last = std::max(last, b.last);
  }
  std::vector<size_t> order;
  for (size_t i = 0; i < buffers_.size(); ++i) {
    PlannedBuffer& b = buffers_[i];
    if (b.first != first || b.last != last) {
      order.push_back(i);
      continue;
    }
    if (b.bytes > kMostBytes - total_bytes_) throw std::bad_alloc();
    b.offset = total_bytes_;
    total_bytes_ += b.bytes;
  }
  const size_t bottom = total_bytes_;
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return buffers_[a].bytes > buffers_[b].bytes; });
  // Those that lie already, by offset: beside each other, because every buffer looks at all of them.
  struct Placed {
    size_t begin, end;
    int first, last;
  };
  std::vector<Placed> placed;
  placed.reserve(order.size());
  for (size_t index : order) {
    PlannedBuffer& b = buffers_[index];
    size_t at = bottom;
    for (const Placed& p : placed) {
      if (p.last < b.first || b.last < p.first) continue;
      if (p.begin >= at && p.begin - at >= b.bytes) break;  // fits below p
      at = std::max(at, p.end);
    }
    if (b.bytes > kMostBytes - at) throw std::bad_alloc();
    b.offset = at;
    total_bytes_ = std::max(total_bytes_, at + b.bytes);
    const Placed here{at, at + b.bytes, b.first, b.last};
    placed.insert(std::upper_bound(placed.begin(), placed.end(), here, [](auto& x, auto& y) { return x.begin < y.begin; }), here);
  }
}

}  // namespace intrain
