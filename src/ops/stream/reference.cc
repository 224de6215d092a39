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

}  // namespace intrain::ops
