// The state of a device as a file, which is what lies in a slot of its memory (micro/state.h): to checkpoints, and from them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "exchange/firmware/device_net.h"

namespace intrain {

struct DeviceState {
  std::string name;  // for messages
  int learning_layers;
  uint64_t identity;
  std::vector<uint8_t> block;  // the arena's beginning: micro::Progress, parameters and momentum
};

// Checks all that can be without the net: length, magic, version, checksum, and the numbers of micro::Progress. Throws Error.
DeviceState parse_device_state(const std::vector<uint8_t>& bytes, const std::string& name);
DeviceState read_device_state(const std::string& path);

// What a device holds after `steps` steps at this rate, of a net as DeviceNet makes it.
std::vector<uint8_t> device_state_bytes(DeviceNet& device, const Scalar10& rate, uint32_t steps);

// A checkpoint as the state that a device begins with: with its momentum, steps and exact rate if it came from a device where the same
// layers learn (device_checkpoint_info), else without momentum, at step 0 and the training's peak rate. Its sequence is 1.
std::vector<uint8_t> device_state_of(const Checkpoint& checkpoint, int learning_layers);

// The net, its rate and number of steps become the state's. Throws Error if it is of another net, or of the same with other numbers in what
// stays; and for numbers that no training leaves.
void restore_device_state(const DeviceState& state, const Checkpoint& base, DeviceNet& device);

// The header of the checkpoint that `device`, made of `base`, is now: its layers that stay are frozen, batches are of one image.
CheckpointInfo device_checkpoint_info(const Checkpoint& base, DeviceNet& device);

}  // namespace intrain
