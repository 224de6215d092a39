// A trained net as the tables of src/micro/: what goes into firmware.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/sgd_step.h"
#include "micro/net.h"
#include "nn/net.h"

namespace intrain {

struct FirmwarePlan {
  std::vector<micro::Layer> layers;
  std::vector<uint8_t> constants;
  micro::Net net{};  // without its pointers
  // What runs in this process; the plan must outlive it.
  micro::Net runnable() const;
};

// Bounds of what the compiler makes of src/micro/ and the arithmetic below it: g++ 12 at -Os for Cortex-M0, Cortex-M3 and RV32IMC. The code that a
// net needs of it, and the stack at its deepest, the caller's storage functions apart.
struct FirmwareCode {
  int flash_bytes, stack_bytes;
};
constexpr FirmwareCode firmware_code(bool learns) { return learns ? FirmwareCode{32768, 2048} : FirmwareCode{13312, 1024}; }

// Layers with parameters: what the last so many of can learn.
int parameter_layers(const Net& net);
// Before Net::prepare(): the last `learning_layers` of them learn, all other parameters and all running statistics stay. Throws Error for a number
// below 0 or above parameter_layers().
void freeze_for_device(Net& net, int learning_layers);

// Of a net that is prepared and has its parameters; `learning_layers` as above, 0: it predicts only. Layers that stay have 8-bit W among the
// constants, those that learn their stored parameters. step: the numbers that steps take if the firmware says no others. table: the input of each
// pixel (FirmwareSubject), for the net's identity alone. Tensors have the momentum that they have in the net. Throws Error for a layer or number
// format that src/micro/ does not have, for more layers than there are, and for a net that learns and is too small to have a signature.
FirmwarePlan plan_firmware(Net& net, int learning_layers, const SgdStep& step, std::span<const int8_t> table = {});

}  // namespace intrain
