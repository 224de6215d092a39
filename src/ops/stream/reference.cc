#include "base/assert.h"
#include "base/formats.h"
#include "base/rounding.h"
#include "ops/stream/stream.h"

namespace intrain::ops {

void stream_add_reference(const StreamAdd& p) {
  for (int64_t i = 0; i < p.count; ++i) {
    const int64_t src = p.src16 != nullptr ? p.src16[i] : int64_t{p.src8[i]} << p.src_shift;
    p.dst[i] = static_cast<int16_t>(clamp(p.dst[i] + src, -kS16Max, kS16Max));
  }
}

int stream_exp(int64_t running_mean, int64_t running_var) {
  INTRAIN_ASSERT(running_var >= 0 && running_var <= kRunningMost);
  const int64_t mean = running_mean < 0 ? -running_mean : running_mean;
  int exp = kStreamExp;
  for (; exp < kMostStreamExp; ++exp) {
    // 8 sigma <= room: 64 var <= room^2, both with -kRunningExp fraction bits; room has half of them then. room < 2^10 2^16 and var <= 2^52, so
    // that both sides are below 2^59.
    const int64_t room = ((int64_t{1} << (15 + exp - kRunningExp)) - mean) >> (-kRunningExp / 2);
    if (room >= 0 && 64 * running_var <= room * room) break;
  }
  return exp;
}

}  // namespace intrain::ops
