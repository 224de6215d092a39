#include "core/hash.h"

#include <xxhash.h>

#include <new>

namespace intrain {

struct Hash64::State {
  State() : xxh(XXH3_createState()) {
    if (xxh == nullptr || XXH3_64bits_reset(xxh) != XXH_OK) throw std::bad_alloc();
  }
  ~State() { XXH3_freeState(xxh); }
  XXH3_state_t* xxh;
};

Hash64::Hash64() : state_(std::make_unique<State>()) {}
Hash64::~Hash64() = default;

void Hash64::add(const void* data, size_t bytes) {
  if (bytes > 0) XXH3_64bits_update(state_->xxh, data, bytes);
}

uint64_t Hash64::digest() const { return XXH3_64bits_digest(state_->xxh); }

uint64_t hash64(const void* data, size_t bytes) { return XXH3_64bits(data, bytes); }

}  // namespace intrain
