#include "ops/activate/vector.h"
#include "ops/lanes_neon.h"

namespace intrain::ops::neon {

void activate(const Activate& p) { activate_vector<Lanes>(p); }
void relu_requantize(const ReluRequantize& p) { relu_requantize_vector(p); }
int32_t relu_backward(const ReluBackward& p) { return relu_backward_vector<Lanes>(p); }

}  // namespace intrain::ops::neon
