// What micro_test.py links with nets of firmware: on every machine the same program learns from the samples of each and says where it ended.
#pragma once

#include <stdint.h>

// One net of firmware, as the generated nets.cc lists them.
struct FirmwareNet {
  const char* name;
  int32_t samples;
  void (*init)(uint64_t* arena);
  // Learns from sample i, where the net learns, else predicts. Returns a sum of what came out of it.
  uint32_t (*show)(uint64_t* arena, int32_t i, uint32_t sum);
  uint64_t (*signature)(uint64_t* arena);  // null: it does not learn
  // Saves the state, learns, and loads it again. Returns whether it is there; null as above.
  bool (*keep)(uint64_t* arena);
};
extern const FirmwareNet kFirmwareNets[];
extern const int32_t kFirmwareNetCount;
extern uint64_t kArena[];  // large enough for each
extern uint8_t kSlot[];    // as is this, a slot for a state

// intrain_storage's functions, of slot 0; nothing lies in slot 1.
int32_t read_slot(void* context, int32_t slot, uint32_t offset, void* to, uint32_t bytes);
int32_t write_slot(void* context, int32_t slot, uint32_t offset, const void* from, uint32_t bytes);
