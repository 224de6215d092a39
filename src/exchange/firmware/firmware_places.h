// The second half of a plan: where in the arena all lies that changes, at the times of nn/memory_plan.h.
#pragma once

#include "exchange/firmware/firmware_plan.h"

namespace intrain {

// After add_firmware_layers(): plan.net's sizes and all places. Throws Error if they need more than 31 bits.
void choose_firmware_places(const Net& net, FirmwarePlan& plan);

}  // namespace intrain
