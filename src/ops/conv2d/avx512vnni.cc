#include "ops/conv2d/pack_x86.h"
#include "ops/conv2d/vector.h"
#include "ops/lanes_avx512.h"

namespace intrain::ops::avx512vnni {

void pack_row(const PackRow& p) { pack_row_vector(p); }
void pack_transpose(const PackTranspose& p) { pack_transpose_vector(p); }
void pack_interleave(const PackInterleave& p) { pack_interleave_vector(p); }
void pack_units(const PackUnits& p) { pack_units_vector(p); }
uint64_t add_sums(const AddSums& p) { return add_sums_vector(p); }
void stage_s16(const StageS16& p) { stage_s16_vector<Lanes>(p); }

}  // namespace intrain::ops::avx512vnni
