// The pixels of a data set: a view of bytes that nobody changes any more, with whoever keeps them alive.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace intrain {

// Copies share the bytes.
class Pixels {
 public:
  Pixels() = default;
  Pixels(std::vector<uint8_t> bytes) {
    const auto kept = std::make_shared<const std::vector<uint8_t>>(std::move(bytes));
    data_ = kept->data();
    size_ = kept->size();
    owner_ = kept;
  }
  // The caller's own bytes, not copied. They live as long as `owner`, or, if that is null, longer than all that read them here.
  Pixels(const uint8_t* data, size_t size, std::shared_ptr<const void> owner)
      : data_(data), size_(size), owner_(std::move(owner)) {}

  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const uint8_t& operator[](size_t i) const { return data_[i]; }
  const uint8_t* begin() const { return data_; }
  const uint8_t* end() const { return data_ + size_; }
  bool operator==(const Pixels& other) const { return std::equal(begin(), end(), other.begin(), other.end()); }

 private:
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
  std::shared_ptr<const void> owner_;
};

}  // namespace intrain
