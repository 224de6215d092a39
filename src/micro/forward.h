// From an image to the logits: the same bits as Net::evaluate, and as Net::forward with frozen statistics.
#pragma once

#include "micro/net.h"

namespace intrain::micro {

// Once, before all else: the parameters as they were exported, 0 steps. The arena is aligned to 8.
void reset(const Net& net, uint8_t* arena);

// Reads the image (s8, in place<int8_t>(arena, net.input)). Returns the logits, net.classes of them; they stay until the next call.
const int32_t* forward(const Net& net, uint8_t* arena);

// The largest logit's class, of equal ones the first.
int32_t largest(const int32_t* logits, int32_t classes);

}  // namespace intrain::micro
