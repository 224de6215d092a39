// A 64-bit fingerprint of bytes: XXH3 of the xxHash library, with seed 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace intrain {

class Hash64 {
 public:
  Hash64();
  ~Hash64();
  Hash64(const Hash64&) = delete;
  Hash64& operator=(const Hash64&) = delete;

  void add(const void* data, size_t bytes);
  // Of all bytes added so far.
  uint64_t digest() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

uint64_t hash64(const void* data, size_t bytes);

}  // namespace intrain
