#include "micro/state.h"

#include "micro/forward.h"
#include "micro/hash.h"

namespace intrain::micro {
namespace {

constexpr uint32_t kHeaderBytes = sizeof(StateHeader);
static_assert(kHeaderBytes == 32 && kPageBytes - 8 >= Hash::kLeastBytes);

StateHeader header_of(const Net& net, uint32_t sequence) {
  StateHeader h{};
  for (int i = 0; i < 8; ++i) h.magic[i] = kStateMagic[i];
  h.version = kStateVersion;
  h.learning_layers = static_cast<uint32_t>(net.learning_layers);
  h.identity = net.identity;
  h.sequence = sequence;
  h.state_bytes = net.state_bytes;
  return h;
}

void copy(void* to, const void* from, uint32_t bytes) {
  for (uint32_t i = 0; i < bytes; ++i) static_cast<uint8_t*>(to)[i] = static_cast<const uint8_t*>(from)[i];
}

// Whether a slot holds a whole state of the net, and its sequence.
bool check(const Net& net, const Storage& storage, int32_t slot, uint32_t& sequence) {
  const uint32_t bytes = state_image_bytes(net.state_bytes);
  Hash hash;
  uint8_t page[kPageBytes];
  for (uint32_t at = 0; at < bytes; at += kPageBytes) {
    if (storage.read(storage.context, slot, at, page, kPageBytes) == 0) return false;
    if (at == 0) {
      StateHeader h;
      copy(&h, page, kHeaderBytes);
      const StateHeader expected = header_of(net, h.sequence);
      for (uint32_t i = 0; i < kHeaderBytes; ++i)
        if (page[i] != reinterpret_cast<const uint8_t*>(&expected)[i]) return false;
      sequence = h.sequence;
    }
    const bool last = at + kPageBytes == bytes;
    hash.add(page, last ? kPageBytes - 8 : kPageBytes);
  }
  uint64_t digest;
  copy(&digest, page + kPageBytes - 8, 8);
  return digest == hash.digest();
}

// The slot of the newest whole state, or -1.
int32_t newest(const Net& net, const Storage& storage, uint32_t& sequence) {
  uint32_t sequences[2] = {};
  const bool first = check(net, storage, 0, sequences[0]), second = check(net, storage, 1, sequences[1]);
  if (!first && !second) return -1;
  const int32_t slot = second && (!first || sequences[1] > sequences[0]) ? 1 : 0;
  sequence = sequences[slot];
  return slot;
}

}  // namespace

bool load(const Net& net, uint8_t* arena, const Storage& storage) {
  uint32_t sequence = 0;
  const int32_t slot = newest(net, storage, sequence);
  if (slot < 0) return false;
  for (uint32_t at = 0; at < net.state_bytes; at += kPageBytes) {
    const uint32_t left = net.state_bytes - at, bytes = left < kPageBytes ? left : kPageBytes;
    if (storage.read(storage.context, slot, kHeaderBytes + at, arena + at, bytes) == 0) {
      reset(net, arena);
      return false;
    }
  }
  return true;
}

bool save(const Net& net, const uint8_t* arena, const Storage& storage) {
  uint32_t sequence = 0;
  const int32_t slot = newest(net, storage, sequence) == 0 ? 1 : 0;
  if (storage.erase != nullptr && storage.erase(storage.context, slot) == 0) return false;
  const StateHeader header = header_of(net, sequence + 1);
  const uint32_t bytes = state_image_bytes(net.state_bytes);
  Hash hash;
  uint8_t page[kPageBytes];
  for (uint32_t at = 0; at < bytes; at += kPageBytes) {
    for (uint32_t i = 0; i < kPageBytes; ++i) {
      const uint32_t from = at + i;
      page[i] = from < kHeaderBytes                     ? reinterpret_cast<const uint8_t*>(&header)[from]
                : from < kHeaderBytes + net.state_bytes ? arena[from - kHeaderBytes]
                                                        : 0;
    }
    if (at + kPageBytes < bytes) {
      hash.add(page, kPageBytes);
    } else {
      hash.add(page, kPageBytes - 8);
      const uint64_t digest = hash.digest();
      copy(page + kPageBytes - 8, &digest, 8);
    }
    if (storage.write(storage.context, slot, at, page, kPageBytes) == 0) return false;
  }
  uint32_t written = 0;
  return check(net, storage, slot, written) && written == sequence + 1;
}

}  // namespace intrain::micro
