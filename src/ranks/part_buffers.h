// Memory for what a scattered sum has from all ranks.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace intrain {

// Buffers that are taken in turns. There are as many as were taken at one time at most, and none is larger than the largest that was asked for:
// gradients that follow each other share one or two, not one for each that is under way.
class PartBuffers {
 public:
  // Of `bytes` or more: of those that are back the smallest that is large enough, else the largest, which grows.
  std::vector<uint8_t> take(size_t bytes) {
    std::vector<uint8_t> buffer;
    if (!free_.empty()) {
      const auto fits = [&](const std::vector<uint8_t>& b) { return b.size() >= bytes; };
      const auto better = [&](const std::vector<uint8_t>& a, const std::vector<uint8_t>& b) {
        return fits(a) != fits(b) ? fits(a) : fits(a) ? a.size() < b.size() : a.size() > b.size();
      };
      const auto best = std::min_element(free_.begin(), free_.end(), better);
      buffer = std::move(*best);
      free_.erase(best);
    }
    if (buffer.size() < bytes) {
      buffer = {};  // what it held need not be copied, nor both be there
      buffer.resize(bytes);
    }
    return buffer;
  }
  void give_back(std::vector<uint8_t> buffer) { free_.push_back(std::move(buffer)); }

 private:
  std::vector<std::vector<uint8_t>> free_;
};

}  // namespace intrain
