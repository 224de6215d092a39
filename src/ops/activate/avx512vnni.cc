#include "ops/activate/vector.h"

namespace intrain::ops::avx512vnni {

void activate(const Activate& p) { activate_vector(p); }
void relu_requantize(const ReluRequantize& p) { relu_requantize_vector(p); }
int32_t relu_backward(const ReluBackward& p) { return relu_backward_vector(p); }

}  // namespace intrain::ops::avx512vnni
