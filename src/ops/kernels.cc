#include "ops/kernels.h"

namespace intrain::ops {

#define INTRAIN_KERNEL(name, result, parameter) result name(const parameter&);
#if defined(__x86_64__)
namespace avx2 {
extern const TileKernel kTile;
extern const PeakKernel kPeak;
#include "ops/kernels.def"
}  // namespace avx2
// AVX-VNNI is AVX2 and an instruction for products: the other kernels are those of AVX2.
namespace avxvnni {
extern const TileKernel kTile;
extern const PeakKernel kPeak;
}  // namespace avxvnni
namespace avx512vnni {
extern const TileKernel kTile;
extern const PeakKernel kPeak;
#include "ops/kernels.def"
}  // namespace avx512vnni
// AMX is AVX-512 VNNI and an instruction for products.
namespace amx {
extern const TileKernel kTile;
extern const PeakKernel kPeak;
}  // namespace amx
#endif
#undef INTRAIN_KERNEL

Kernels make_kernels(Isa isa) {
  Kernels k;
  k.isa = isa;
  k.tile = nullptr;
  k.peak = &kPeakReference;
#define INTRAIN_KERNEL(name, result, parameter) \
  k.name = name##_reference;                    \
  k.name##_isa = Isa::kScalar;
#include "ops/kernels.def"
#undef INTRAIN_KERNEL
#if defined(__x86_64__)
  if (isa == Isa::kAvx2 || isa == Isa::kAvxVnni) {
    k.tile = &avx2::kTile;
    k.peak = &avx2::kPeak;
#define INTRAIN_KERNEL(name, result, parameter) \
  k.name = avx2::name;                          \
  k.name##_isa = Isa::kAvx2;
#include "ops/kernels.def"
#undef INTRAIN_KERNEL
  }
  if (isa == Isa::kAvxVnni) {
    k.tile = &avxvnni::kTile;
    k.peak = &avxvnni::kPeak;
  }
  if (isa == Isa::kAvx512Vnni || isa == Isa::kAmx) {
    k.tile = &avx512vnni::kTile;
    k.peak = &avx512vnni::kPeak;
#define INTRAIN_KERNEL(name, result, parameter) \
  k.name = avx512vnni::name;                    \
  k.name##_isa = Isa::kAvx512Vnni;
#include "ops/kernels.def"
#undef INTRAIN_KERNEL
  }
  if (isa == Isa::kAmx) {
    k.tile = &amx::kTile;
    k.peak = &amx::kPeak;
  }
#endif
  return k;
}

}  // namespace intrain::ops
