// What a net has learned, in memory that stays: two slots, so that whenever the power goes one of them holds a whole state, the old or the new one.
//
// A slot, little-endian, is state_image_bytes(net) long:
//   8 bytes   magic "intrainD"
//   u32       version 1
//   u32       learning_layers of the net
//   u64       the net's identity
//   u32       sequence: of two slots the one with more is the newer state
//   u32       state_bytes of the net
//   state     the arena's beginning: Progress, parameters and momentum
//   zeros
//   u64       XXH3-64 of everything before it
#pragma once

#include "micro/net.h"

namespace intrain::micro {

constexpr uint32_t kPageBytes = 256;  // what is written at once

struct StateHeader {
  char magic[8];
  uint32_t version, learning_layers;
  uint64_t identity;
  uint32_t sequence, state_bytes;
};
constexpr char kStateMagic[9] = "intrainD";
constexpr uint32_t kStateVersion = 1;

// Whole pages. They hold more bytes than a Hash needs at least.
constexpr uint32_t state_image_bytes(uint32_t state_bytes) {
  const uint32_t bytes = static_cast<uint32_t>(sizeof(StateHeader)) + state_bytes + 8;
  return (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
}

// The two slots, 0 and 1. Each function returns 1, or 0 if it failed; `context` is handed to it.
struct Storage {
  void* context;
  // A page or less of a slot. It tries again by itself where that may help: 0 says that the page is lost for now. What was never written, or will
  // never be read again, as a page whose writing was cut short may be, is 1 and any bytes: then the slot holds no state.
  int32_t (*read)(void* context, int32_t slot, uint32_t offset, void* to, uint32_t bytes);
  // Before a slot is written; null where memory needs none.
  int32_t (*erase)(void* context, int32_t slot);
  // A page, after the one before it.
  int32_t (*write)(void* context, int32_t slot, uint32_t offset, const void* from, uint32_t bytes);
};

// Only where the net learns. The newest whole state of this net, if there is one; else false, and the arena is as it was. A slot that cannot be
// read counts as one that holds none; false too if a slot fails when it is read for the second time: then the arena is as after reset().
bool load(const Net& net, uint8_t* arena, const Storage& storage);

// Over the slot that does not hold the newest whole state; then reads it back. False if that fails: what was the newest state is as it was. False
// too, and nothing is erased or written, if a slot cannot be read, because that may hold the newest. A sequence of 2^32 states is beyond any memory's
// life.
bool save(const Net& net, const uint8_t* arena, const Storage& storage);

}  // namespace intrain::micro
