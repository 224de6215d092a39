#include "ops/lanes_neon.h"
#include "ops/narrow/vector.h"

namespace intrain::ops::neon {

void narrow_s8(const NarrowS8& p) { narrow_s8_vector(p); }
void narrow_u8(const NarrowU8& p) { narrow_u8_vector(p); }
int32_t narrow_s16(const NarrowS16& p) { return narrow_s16_vector<Lanes>(p); }

}  // namespace intrain::ops::neon
