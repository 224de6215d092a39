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

enum class Slot : uint8_t { kNone, kWhole, kUnread };

// What a slot holds of the net, and the sequence of a whole state.
Slot check(const Net& net, const Storage& storage, int32_t slot, uint32_t& sequence) {
  const uint32_t bytes = state_image_bytes(net.state_bytes);
  Hash hash;
  uint8_t page[kPageBytes];
  for (uint32_t at = 0; at < bytes; at += kPageBytes) {
    if (storage.read(storage.context, slot, at, page, kPageBytes) == 0) return Slot::kUnread;
    if (at == 0) {
      StateHeader h;
      copy(&h, page, kHeaderBytes);
      const StateHeader expected = header_of(net, h.sequence);
      for (uint32_t i = 0; i < kHeaderBytes; ++i)
        if (page[i] != reinterpret_cast<const uint8_t*>(&expected)[i]) return Slot::kNone;
      sequence = h.sequence;
    }
    const bool last = at + kPageBytes == bytes;
    hash.add(page, last ? kPageBytes - 8 : kPageBytes);
  }
  uint64_t digest;
  copy(&digest, page + kPageBytes - 8, 8);
  return digest == hash.digest() ? Slot::kWhole : Slot::kNone;
}

struct Newest {
  int32_t slot = -1;  // none holds a whole state
  uint32_t sequence = 0;
  bool all_read = true;
};
Newest newest(const Net& net, const Storage& storage) {
  Newest found;
  for (int32_t slot = 0; slot < 2; ++slot) {
    uint32_t sequence = 0;
    const Slot holds = check(net, storage, slot, sequence);
    if (holds == Slot::kUnread) found.all_read = false;
    if (holds == Slot::kWhole && (found.slot < 0 || sequence > found.sequence)) {
      found.slot = slot;
      found.sequence = sequence;
    }
  }
  return found;
}

}  // namespace

bool load(const Net& net, uint8_t* arena, const Storage& storage) {
  const int32_t slot = newest(net, storage).slot;
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
  const Newest found = newest(net, storage);
  // What cannot be read may be the newest: it would be erased, or win over what is written now.
  if (!found.all_read) return false;
  const int32_t slot = found.slot == 0 ? 1 : 0;
  const uint32_t sequence = found.sequence + 1;
  if (storage.erase != nullptr && storage.erase(storage.context, slot) == 0) return false;
  const StateHeader header = header_of(net, sequence);
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
  return check(net, storage, slot, written) == Slot::kWhole && written == sequence;
}

}  // namespace intrain::micro
