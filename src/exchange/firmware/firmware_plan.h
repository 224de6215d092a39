// A trained net as the tables of src/micro/: what goes into firmware.
#pragma once

#include <string>
#include <vector>

#include "base/sgd_step.h"
#include "micro/net.h"
#include "nn/net.h"

namespace intrain {

enum class FirmwareMode {
  kInfer,  // 8-bit W among the constants, no step
  kFull,   // the stored parameters, which all learn; batch norm's running statistics stay
};

struct FirmwarePlan {
  std::vector<micro::Layer> layers;
  std::vector<uint8_t> constants;
  micro::Net net{};  // without its pointers
  // What runs in this process; the plan must outlive it.
  micro::Net runnable() const;
};

// Of a net that is prepared and has its parameters. step: the numbers that steps take if the firmware says no others; a momentum of 0 keeps no
// memory for it. Throws Error for a layer or number format that src/micro/ does not have.
FirmwarePlan plan_firmware(Net& net, FirmwareMode mode, const SgdStep& step);

}  // namespace intrain
