// The vector form of stream.h over an ISA's vector, Lanes (lanes_<isa>.h).
#pragma once

#include "base/formats.h"
#include "ops/stream/stream.h"
#include "ops/vectors.h"

namespace intrain::ops {

template <class Lanes>
[[gnu::always_inline]] static inline void stream_add_vector(const StreamAdd& p) {
  const typename Lanes::Register least = Lanes::set16(-kS16Max);
  const typename Lanes::Count shift = Lanes::count(p.src_shift);
  const int16_t* src16 = p.src16;
  const uint8_t* src8 = p.src8;
  int16_t* dst = p.dst;
  for_each_vector<Lanes>(
      p.count, [&](const auto& part, int64_t i) __attribute__((always_inline)) {
        const typename Lanes::Register src =
            src16 != nullptr ? part.load16(src16 + i) : Lanes::shift16_left(part.load_u8(src8 + i), shift);
        part.store16(dst + i, Lanes::max16(Lanes::add16_saturated(part.load16(dst + i), src), least));
      });
}

}  // namespace intrain::ops
