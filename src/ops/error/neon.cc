#include "ops/error/vector.h"
#include "ops/lanes_neon.h"

namespace intrain::ops::neon {

int32_t error_stage(const ErrorStage& p) { return error_stage_vector<Lanes>(p); }
uint32_t max_abs(const MaxAbs& p) { return max_abs_vector<Lanes>(p); }
void error_quantize(const ErrorQuantize& p) { error_quantize_vector<Lanes>(p); }

}  // namespace intrain::ops::neon
