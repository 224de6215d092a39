// The first half of a plan: the layers without the places of what changes, and the constants.
#pragma once

#include <cstring>

#include "exchange/firmware/firmware_plan.h"

namespace intrain {

constexpr size_t kFirmwareAlignment = 8;  // of s64, the largest element

// The constants, one array after the other.
class FirmwareConstants {
 public:
  explicit FirmwareConstants(std::vector<uint8_t>& bytes) : bytes_(bytes) {}
  template <class T>
  micro::Constant add(const T* data, size_t count) {
    bytes_.resize((bytes_.size() + kFirmwareAlignment - 1) / kFirmwareAlignment * kFirmwareAlignment);
    const size_t at = bytes_.size();
    bytes_.resize(at + count * sizeof(T));
    std::memcpy(bytes_.data() + at, data, count * sizeof(T));
    return static_cast<micro::Constant>(at);
  }
  template <class Span>
  micro::Constant add(const Span& span) {
    return add(span.data(), span.size());
  }

 private:
  std::vector<uint8_t>& bytes_;
};

// plan.layers and plan.constants. Throws Error for a layer that src/micro/ does not have.
void add_firmware_layers(Net& net, int learning_layers, FirmwarePlan& plan);

}  // namespace intrain
