// Aligned memory, zeroed, for vectors of up to 64 bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/api.h"

namespace intrain {

constexpr size_t kAlignment = 64;

constexpr size_t align_up(size_t n) { return (n + kAlignment - 1) / kAlignment * kAlignment; }

class INTRAIN_API AlignedBuffer {
 public:
  AlignedBuffer() = default;
  // Throws std::bad_alloc.
  explicit AlignedBuffer(size_t bytes);
  uint8_t* data() { return data_.get(); }
  const uint8_t* data() const { return data_.get(); }
  size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(uint8_t* p) const;
  };
  std::unique_ptr<uint8_t[], Free> data_;
  size_t size_ = 0;
};

}  // namespace intrain
