// Buffers with guard bytes before and after, off any alignment, that compare themselves with the same buffer of another run.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "core/buffer.h"

namespace intrain::test {

class AnyBuffer {
 public:
  virtual ~AnyBuffer() = default;
  // Empty if all guard bytes are intact, else which is not.
  virtual std::string broken_guard() const = 0;
  // Empty if `other` (of the same type and length) holds the same, else the first bad index and both values.
  virtual std::string difference(const AnyBuffer& other) const = 0;
};

// `count` values of T at an address that is `offset` elements past a multiple of 64 bytes. Guard bytes are `guard`: two runs with
// different guard bytes that agree have not used what lies outside.
template <class T>
class Guarded final : public AnyBuffer {
 public:
  static constexpr size_t kGuardBytes = 192;

  Guarded(std::string name, int64_t count, int offset = 0, uint8_t guard = 0xA5)
      : name_(std::move(name)),
        count_(count),
        guard_(guard),
        before_(kGuardBytes + static_cast<size_t>(offset) * sizeof(T)),
        bytes_(before_ + static_cast<size_t>(count) * sizeof(T) + kGuardBytes) {
    std::memset(bytes_.data(), guard, before_);
    std::memset(bytes_.data() + bytes_.size() - kGuardBytes, guard, kGuardBytes);
  }
  T* data() { return reinterpret_cast<T*>(bytes_.data() + before_); }
  const T* data() const { return reinterpret_cast<const T*>(bytes_.data() + before_); }
  int64_t count() const { return count_; }
  T& operator[](int64_t i) { return data()[i]; }
  const T& operator[](int64_t i) const { return data()[i]; }

  std::string broken_guard() const override {
    const size_t end = before_ + static_cast<size_t>(count_) * sizeof(T);
    for (size_t i = 0; i < bytes_.size(); i = i + 1 == before_ ? end : i + 1)
      if (bytes_.data()[i] != guard_)
        return name_ + ": guard byte " + std::to_string(static_cast<int64_t>(i) - static_cast<int64_t>(before_)) + " of " +
               std::to_string(end - before_) + " bytes of data was written";
    return {};
  }
  std::string difference(const AnyBuffer& other) const override {
    const auto& o = dynamic_cast<const Guarded&>(other);
    if (o.count_ != count_) return name_ + ": lengths differ";
    for (int64_t i = 0; i < count_; ++i)
      if (data()[i] != o.data()[i])
        return name_ + "[" + std::to_string(i) + "] of " + std::to_string(count_) + ": " + std::to_string(int64_t{data()[i]}) +
               " against " + std::to_string(int64_t{o.data()[i]});
    return {};
  }

 private:
  std::string name_;
  int64_t count_;
  uint8_t guard_;
  size_t before_;
  AlignedBuffer bytes_;
};

// The buffers of one run, in order of creation.
class Arena {
 public:
  explicit Arena(uint8_t guard) : guard_(guard) {}
  template <class T>
  Guarded<T>& add(const std::string& name, int64_t count, int offset = 0) {
    auto buffer = std::make_unique<Guarded<T>>(name, count, offset, guard_);
    Guarded<T>& reference = *buffer;
    buffers_.push_back(std::move(buffer));
    return reference;
  }
  std::string broken_guard() const {
    for (const auto& b : buffers_)
      if (std::string s = b->broken_guard(); !s.empty()) return s;
    return {};
  }
  // First difference in any buffer: outputs, and inputs that should not have been written.
  std::string difference(const Arena& other) const {
    for (size_t i = 0; i < buffers_.size(); ++i)
      if (std::string s = buffers_[i]->difference(*other.buffers_[i]); !s.empty()) return s;
    return {};
  }

 private:
  uint8_t guard_;
  std::vector<std::unique_ptr<AnyBuffer>> buffers_;
};

}  // namespace intrain::test
