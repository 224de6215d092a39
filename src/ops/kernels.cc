#include "ops/kernels.h"

namespace intrain::ops {

// What a row of isa.def adds where the target is of its architecture; INTRAIN_EMULATED (tests/CMakeLists.txt): of any.
#define INTRAIN_ON_any(...) __VA_ARGS__
#if defined(__x86_64__) || defined(INTRAIN_EMULATED)
#define INTRAIN_ON_x86_64(...) __VA_ARGS__
#else
#define INTRAIN_ON_x86_64(...)
#endif
#if defined(__aarch64__) || defined(INTRAIN_EMULATED)
#define INTRAIN_ON_aarch64(...) __VA_ARGS__
#else
#define INTRAIN_ON_aarch64(...)
#endif

// The functions of an ISA, in the namespace `space`, by the kernels that it has of its own.
#define INTRAIN_DECLARE(name, result, parameter, ...) result name(const parameter&);
#define INTRAIN_DECLARE_reference(space)
#define INTRAIN_DECLARE_products(space) \
  namespace space {                     \
  extern const TileKernel kTile;        \
  extern const PeakKernel kPeak;        \
  }
#define INTRAIN_DECLARE_all(space) \
  INTRAIN_DECLARE_products(space) namespace space { INTRAIN_KERNELS(INTRAIN_DECLARE) }

#define INTRAIN_ISA(id, name, architecture, parent, kernels, needs, flags) \
  INTRAIN_ON_##architecture(INTRAIN_DECLARE_##kernels(name))
#include "isa/isa.def"
#undef INTRAIN_ISA

// The same as entries of the table k.
#define INTRAIN_TAKE(name, result, parameter, function) \
  k.name = function;                                    \
  k.name##_isa = k.isa;
#define INTRAIN_TAKE_REFERENCE(name, result, parameter, ...) INTRAIN_TAKE(name, result, parameter, name##_reference)
#define INTRAIN_TAKE_OWN(name, result, parameter, space) INTRAIN_TAKE(name, result, parameter, space::name)
#define INTRAIN_TAKE_reference(space) \
  k.tile = nullptr;                   \
  k.peak = &kPeakReference;           \
  k.tile_isa = k.peak_isa = k.isa;    \
  INTRAIN_KERNELS(INTRAIN_TAKE_REFERENCE)
#define INTRAIN_TAKE_products(space) \
  k.tile = &space::kTile;            \
  k.peak = &space::kPeak;            \
  k.tile_isa = k.peak_isa = k.isa;
#define INTRAIN_TAKE_all(space) INTRAIN_TAKE_products(space) INTRAIN_KERNELS(INTRAIN_TAKE_OWN, space)

Kernels make_kernels(Isa isa) {
  const Isa parent = isa_info(isa).parent;
  Kernels k = parent == isa ? Kernels{} : make_kernels(parent);
  k.isa = isa;
  switch (isa) {
#define INTRAIN_ISA(id, name, architecture, parent, kernels, needs, flags) \
  case Isa::id:                                                            \
    INTRAIN_ON_##architecture(INTRAIN_TAKE_##kernels(name)) break;
#include "isa/isa.def"
#undef INTRAIN_ISA
  }
  return k;
}

}  // namespace intrain::ops
