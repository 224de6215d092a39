#include "ops/conv2d/vector.h"

namespace intrain::ops::avx2 {

void transpose_u8(const TransposeU8& p) { transpose_u8_vector(p); }
void interleave4_u8(const Interleave4U8& p) { interleave4_u8_vector(p); }
void stage_s16(const StageS16& p) { stage_s16_vector(p); }

}  // namespace intrain::ops::avx2
