// The signature of what a net has learned: that of a run of the same steps (docs/contract.md, section 9).
#pragma once

#include "micro/net.h"

namespace intrain::micro {

// Only where the net learns.
uint64_t signature(const Net& net, const uint8_t* arena);

}  // namespace intrain::micro
