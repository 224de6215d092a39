#include "ops/gradient_pack/gradient_pack.h"

namespace intrain::ops {

namespace {

// By shifts, so that the order of bytes is the machine's in no case; compilers make whole stores of them.
template <int kBytes>
void pack(const int64_t* src, int64_t begin, int64_t end, uint8_t* dst) {
  for (int64_t i = begin; i < end; ++i) {
    const uint64_t v = static_cast<uint64_t>(src[i]);
    for (int b = 0; b < kBytes; ++b) dst[i * kBytes + b] = static_cast<uint8_t>(v >> (8 * b));
  }
}

template <int kBytes>
void unpack(const uint8_t* src, int64_t begin, int64_t end, int64_t* dst) {
  constexpr uint64_t kSign = uint64_t{1} << (8 * kBytes - 1);
  for (int64_t i = begin; i < end; ++i) {
    uint64_t v = 0;
    for (int b = 0; b < kBytes; ++b) v |= uint64_t{src[i * kBytes + b]} << (8 * b);
    dst[i] = static_cast<int64_t>(v ^ kSign) - static_cast<int64_t>(kSign);
  }
}

}  // namespace

void gradient_pack_reference(const int64_t* src, int64_t begin, int64_t end, int bytes, uint8_t* dst) {
  switch (bytes) {
    case 1:
      return pack<1>(src, begin, end, dst);
    case 2:
      return pack<2>(src, begin, end, dst);
    case 3:
      return pack<3>(src, begin, end, dst);
    default:
      return pack<4>(src, begin, end, dst);
  }
}

void gradient_unpack_reference(const uint8_t* src, int64_t begin, int64_t end, int bytes, int64_t* dst) {
  switch (bytes) {
    case 1:
      return unpack<1>(src, begin, end, dst);
    case 2:
      return unpack<2>(src, begin, end, dst);
    case 3:
      return unpack<3>(src, begin, end, dst);
    default:
      return unpack<4>(src, begin, end, dst);
  }
}

}  // namespace intrain::ops
