#include "ops/batch_norm/vector_add.h"
#include "ops/lanes_neon.h"

namespace intrain::ops::neon {

void batch_norm_sums(const NormSums& p) { batch_norm_sums_vector<Lanes>(p); }
void batch_norm_normalize(const Normalize& p) { batch_norm_normalize_vector<Lanes>(p); }
int32_t batch_norm_backward_sums(const NormBackwardSums& p) { return batch_norm_backward_sums_vector<Lanes>(p); }
uint32_t batch_norm_backward_max(const NormBackward& p) { return batch_norm_backward_max_vector<Lanes>(p); }
void batch_norm_backward_quantize(const NormBackward& p) { batch_norm_backward_quantize_vector<Lanes>(p); }
int32_t batch_norm_backward_add(const NormBackwardAdd& p) { return batch_norm_backward_add_vector<Lanes>(p); }

}  // namespace intrain::ops::neon
