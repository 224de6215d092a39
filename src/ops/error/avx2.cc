#include "ops/error/vector.h"
#include "ops/lanes_avx2.h"

namespace intrain::ops::avx2 {

int32_t error_stage(const ErrorStage& p) { return error_stage_vector<Lanes>(p); }
uint32_t max_abs(const MaxAbs& p) { return max_abs_vector<Lanes>(p); }
void error_quantize(const ErrorQuantize& p) { error_quantize_vector<Lanes>(p); }

}  // namespace intrain::ops::avx2
