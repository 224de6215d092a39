// What a device learned from, recorded by its firmware, learned again here: by the library, not by src/micro/.
//
// A record of samples, little-endian:
//   8 bytes   magic "intrainS"
//   u32       version 1
//   u32       pixels of an image
//   entries   u32 label, then the pixels as intrain_train_step() takes them: a step
//             or u32 2^32 - 1, then s32 mantissa and s32 exponent: the rate from here on
#pragma once

#include <cstdint>
#include <string>

#include "exchange/firmware/device_net.h"

namespace intrain {

struct Replay {
  int64_t steps = 0;       // in the record
  int64_t hits = 0;        // images taken for their class before the step
  uint64_t signature = 0;  // after all of them
};

// From what `device` is on, with all steps of the record at `path`. Throws Error for a file that is no record, whose images are others,
// whose labels are no classes or rates no rates, or that ends within an entry.
Replay replay(const std::string& path, const CheckpointInfo& info, DeviceNet& device);

}  // namespace intrain
