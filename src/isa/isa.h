// Instruction sets: which exist, which this CPU has, which one is forced.
#pragma once

#include <string>
#include <vector>

#include "base/api.h"

namespace intrain {

enum class Isa {
#define INTRAIN_ISA(id, name, architecture, parent, kernels, needs, flags) id,
#include "isa/isa.def"
#undef INTRAIN_ISA
};

// A row of isa.def.
struct IsaInfo {
  Isa isa;
  const char* name;
  const char* architecture;
  Isa parent;  // whose kernels it begins with; its own of the scalar one
  const char* needs;
};

INTRAIN_API const std::vector<IsaInfo>& isa_list();
INTRAIN_API const IsaInfo& isa_info(Isa isa);

// True if this CPU and operating system run it, and its parent.
INTRAIN_API bool isa_supported(Isa isa);

// The ISA called `name`; throws Error if there is none, or if this CPU lacks it.
INTRAIN_API Isa isa_by_name(const std::string& name);

// What the CPU calls itself, without blanks at the ends; "" where it does not tell.
INTRAIN_API std::string cpu_name();

// INTRAIN_ISA if it is set (throws as isa_by_name), else the best supported one.
INTRAIN_API Isa select_isa();

}  // namespace intrain
