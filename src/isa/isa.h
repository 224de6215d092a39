// Instruction sets: which exist, which this CPU has, which one is forced.
#pragma once

#include <string>
#include <vector>

namespace intrain {

enum class Isa {
#define INTRAIN_ISA(id, name, needs) id,
#include "isa/isa.def"
#undef INTRAIN_ISA
};

struct IsaInfo {
  Isa isa;
  const char* name;
  const char* needs;
};

const std::vector<IsaInfo>& isa_list();
const IsaInfo& isa_info(Isa isa);

// True if this CPU and operating system run it.
bool isa_supported(Isa isa);

// The ISA called `name`; throws Error if there is none, or if this CPU lacks it.
Isa isa_by_name(const std::string& name);

// What the CPU calls itself, without blanks at the ends; "" where it does not tell.
std::string cpu_name();

// INTRAIN_ISA if it is set (throws as isa_by_name), else the best supported one.
Isa select_isa();

}  // namespace intrain
