#include "ops/quantize/vector.h"

namespace intrain::ops::neon {

void quantize_fixed(const QuantizeFixed& p) { quantize_fixed_vector(p); }
void l1_norms(const L1Norms& p) { l1_norms_vector(p); }

}  // namespace intrain::ops::neon
