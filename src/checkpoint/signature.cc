#include "checkpoint/signature.h"

#include "core/hash.h"

namespace intrain {

uint64_t state_signature(const std::vector<StateArray>& state, int64_t step) {
  Hash64 hash;
  for (const StateArray& a : state) {
    hash.add(a.name.data(), a.name.size());
    hash.add(a.data, static_cast<size_t>(a.count * element_bytes(a.type)));
  }
  hash.add(&step, sizeof step);
  return hash.digest();
}

std::vector<uint64_t> array_hashes(const std::vector<StateArray>& state) {
  std::vector<uint64_t> hashes;
  for (const StateArray& a : state) {
    Hash64 hash;
    hash.add(a.name.data(), a.name.size());
    hash.add(a.data, static_cast<size_t>(a.count * element_bytes(a.type)));
    hashes.push_back(hash.digest());
  }
  return hashes;
}

uint64_t state_signature(const Checkpoint& checkpoint) {
  Hash64 hash;
  for (const CheckpointArray& a : checkpoint.arrays) {
    hash.add(a.name.data(), a.name.size());
    hash.add(checkpoint.bytes.data() + a.offset, static_cast<size_t>(a.count * element_bytes(a.type)));
  }
  hash.add(&checkpoint.info.step, sizeof checkpoint.info.step);
  return hash.digest();
}

std::string signature_text(uint64_t signature) {
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[signature >> shift & 15];
  return text;
}

}  // namespace intrain
