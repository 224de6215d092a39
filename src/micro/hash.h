// XXH3 of 64 bits with seed 0 (Collet, "xxHash fast digest algorithm", specification of version 0.8), for more than 240 bytes, as they come:
// the signature's hash (docs/contract.md, section 9) without a library, on a little-endian machine.
#pragma once

#include <cstddef>
#include <cstdint>

namespace intrain::micro {

class Hash {
 public:
  static constexpr uint64_t kLeastBytes = 241;  // for fewer the function is another one

  void add(const void* data, size_t bytes);
  // Of all bytes added, kLeastBytes or more.
  uint64_t digest() const;

 private:
  static constexpr int kStripe = 64, kLanes = 8;
  static constexpr uint32_t kPrime32[3] = {0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D};
  static constexpr uint64_t kPrime64[5] = {0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63,
                                           0x27D4EB2F165667C5};

  static void accumulate(uint64_t* sums, const uint8_t* stripe, int secret);
  void scramble();

  uint64_t sums_[kLanes] = {kPrime32[2], kPrime64[0], kPrime64[1], kPrime64[2],
                            kPrime64[3], kPrime32[1], kPrime64[4], kPrime32[0]};
  uint8_t last_[2 * kStripe] = {};  // the stripe that is in the sums already, and the one to come
  int pending_ = 0;                 // bytes of that
  int stripes_ = 0;                 // of the block
  uint64_t bytes_ = 0;
};

}  // namespace intrain::micro
