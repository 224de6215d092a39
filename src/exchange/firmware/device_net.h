// A checkpoint's net as it learns on a device: the same net on this machine, for its tables, for states that come and go, and to repeat its steps.
#pragma once

#include "base/sgd_step.h"
#include "checkpoint/checkpoint.h"
#include "exchange/firmware/firmware_folder.h"
#include "exchange/firmware/firmware_plan.h"

namespace intrain {

struct DeviceNet {
  Net net;
  SgdStep step;  // the next one's; at first the training's peak rate, momentum, weight decay and seed
  int learning_layers;
  std::vector<int8_t> table;  // the input of each pixel
  // Ready to learn, if layers > 0: the checkpoint's parameters and running statistics, no momentum yet, frozen as freeze_for_device() says.
  // Throws Error as that does, and if the checkpoint's model is unknown or does not fit its arrays.
  DeviceNet(const Checkpoint& checkpoint, int layers);
  FirmwarePlan plan() { return plan_firmware(net, learning_layers, step, table); }
};

// `infer`, `head` (the last layer learns), `last-3` (the last 3 layers with parameters), or `full`: how many learn. Throws Error for another
// mode, and for more layers than the checkpoint's net has.
int learning_layers_of(const std::string& mode, const Checkpoint& checkpoint);

FirmwareSubject firmware_subject(const CheckpointInfo& info, const std::string& title);

}  // namespace intrain
