// A training step on one image: the same bits as train_step (train/step.h) on a batch of 1 with frozen statistics.
#pragma once

#include "micro/net.h"

namespace intrain::micro {

// Of the image that lies in the arena, as forward() reads it, which this calls; 0 <= label < classes. With the numbers of net.first_step, the rate
// of the arena, and the arena's number of steps, which grows by 1. Layers below the lowest one that learns stay as they are. Only where the net
// learns. Returns the logits before the step.
const int32_t* train_step(const Net& net, uint8_t* arena, int32_t label);

// The mantissa is 0 to 1023, the exponent within +-1000.
bool is_rate(Scalar10 rate);
// From the next step on. False, and nothing changed, for what is no rate.
bool set_rate(uint8_t* arena, Scalar10 rate);

}  // namespace intrain::micro
