#include "ops/conv2d/vector.h"

namespace intrain::ops::avx2 {

void stage_s16(const StageS16& p) { stage_s16_vector(p); }

}  // namespace intrain::ops::avx2
