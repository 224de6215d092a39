// Convolutions that begin by passing on what they read.
#pragma once

#include "nn/net.h"

namespace intrain {

// In each convolution of one group whose kernel has a middle, filter k, for each k below both its outputs and its inputs, becomes 1 in the
// middle of channel k and 0 elsewhere; the other filters stay as they are (DiracNets, Zagoruyko and Komodakis 2017, without the scales; the
// partial identity of airbench94, Jordan 2024). 1 is clamped to the net's stored W. The net is initialized, with W of fan out; its parameters
// are to be quantized after it. Throws Error for a net without such a convolution.
void begin_with_identity(Net& net);

}  // namespace intrain
