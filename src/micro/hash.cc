#include "micro/hash.h"

namespace intrain::micro {
namespace {

// The specification's secret, 192 bytes as little-endian words.
constexpr uint64_t kSecret[24] = {
    0xbe4ba423396cfeb8, 0x1cad21f72c81017c, 0xdb979083e96dd4de, 0x1f67b3b7a4a44072, 0x78e5c0cc4ee679cb, 0x2172ffcc7dd05a82,
    0x8e2443f7744608b8, 0x4c263a81e69035e0, 0xcb00c391bb52283c, 0xa32e531b8b65d088, 0x4ef90da297486471, 0xd8acdea946ef1938,
    0x3f349ce33f76faa8, 0x1d4f0bc7c7bbdcf9, 0x3159b4cd4be0518a, 0x647378d9c97e9fc8, 0xc3ebd33483acc5ea, 0xeb6313faffa081c5,
    0x49daf0b751dd0d17, 0x9e68d429265516d3, 0xfca1477d58be162b, 0xce31d07ad1b8f88f, 0x280416958f3acb45, 0x7e404bbbcafbd7af,
};
constexpr int kSecretBytes = sizeof kSecret;

uint64_t read64(const uint8_t* at) {
  uint64_t v = 0;
  for (int i = 7; i >= 0; --i) v = v << 8 | at[i];
  return v;
}
uint64_t secret(int at) { return read64(reinterpret_cast<const uint8_t*>(kSecret) + at); }

// The 128-bit product's halves, xor-ed: by 32-bit halves, as small processors have them.
uint64_t folded_product(uint64_t a, uint64_t b) {
  const uint64_t a0 = static_cast<uint32_t>(a), a1 = a >> 32, b0 = static_cast<uint32_t>(b), b1 = b >> 32;
  const uint64_t middle = a1 * b0 + (a0 * b0 >> 32), other = a0 * b1 + static_cast<uint32_t>(middle);
  const uint64_t high = a1 * b1 + (middle >> 32) + (other >> 32), low = other << 32 | static_cast<uint32_t>(a0 * b0);
  return high ^ low;
}

}  // namespace

void Hash::accumulate(uint64_t* sums, const uint8_t* stripe, int at) {
  for (int i = 0; i < kLanes; ++i) {
    const uint64_t value = read64(stripe + 8 * i), keyed = value ^ secret(at + 8 * i);
    sums[i ^ 1] += value;
    sums[i] += static_cast<uint64_t>(static_cast<uint32_t>(keyed)) * (keyed >> 32);
  }
}

// After each block of as many stripes as the secret has places for.
void Hash::scramble() {
  for (int i = 0; i < kLanes; ++i) sums_[i] = (sums_[i] ^ sums_[i] >> 47 ^ secret(kSecretBytes - kStripe + 8 * i)) * kPrime32[0];
}

void Hash::add(const void* data, size_t bytes) {
  const uint8_t* from = static_cast<const uint8_t*>(data);
  bytes_ += bytes;
  for (size_t i = 0; i < bytes; ++i) {
    if (pending_ == kStripe) {  // another byte follows: it is not the last stripe
      accumulate(sums_, last_ + kStripe, 8 * stripes_);
      for (int j = 0; j < kStripe; ++j) last_[j] = last_[kStripe + j];
      pending_ = 0;
      if (++stripes_ == (kSecretBytes - kStripe) / 8) {
        scramble();
        stripes_ = 0;
      }
    }
    last_[kStripe + pending_++] = from[i];
  }
}

uint64_t Hash::digest() const {
  uint64_t sums[kLanes];
  for (int i = 0; i < kLanes; ++i) sums[i] = sums_[i];
  accumulate(sums, last_ + pending_, kSecretBytes - kStripe - 7);  // the last 64 bytes
  uint64_t result = bytes_ * kPrime64[0];
  for (int i = 0; i < kLanes; i += 2) result += folded_product(sums[i] ^ secret(11 + 8 * i), sums[i + 1] ^ secret(19 + 8 * i));
  result = (result ^ result >> 37) * 0x165667919E3779F9;
  return result ^ result >> 32;
}

}  // namespace intrain::micro
