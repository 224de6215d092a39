#include "ops/pool/vector.h"

namespace intrain::ops::neon {

void global_average_pool(const AveragePool& p) { global_average_pool_vector(p); }
void global_average_pool_backward(const AveragePoolBackward& p) { global_average_pool_backward_vector(p); }
void max_pool(const MaxPoolForward& p) { max_pool_vector(p); }
void max_pool_backward(const MaxPoolBackward& p) { max_pool_backward_vector(p); }

}  // namespace intrain::ops::neon
