#include "isa/isa.h"

#include <cstdlib>

#include "core/error.h"
#include "isa/detect.h"

namespace intrain {

const std::vector<IsaInfo>& isa_list() {
  static const std::vector<IsaInfo> list = {
#define INTRAIN_ISA(id, name, architecture, parent, kernels, needs, flags) {Isa::id, #name, #architecture, Isa::parent, needs},
#include "isa/isa.def"
#undef INTRAIN_ISA
  };
  return list;
}

const IsaInfo& isa_info(Isa isa) { return isa_list()[static_cast<size_t>(isa)]; }

bool isa_supported(Isa isa) {
  const Isa parent = isa_info(isa).parent;
  return parent == isa || (isa_supported(parent) && cpu_has(isa));
}

std::string cpu_name() {
  const std::string text = cpu_brand();
  const size_t begin = text.find_first_not_of(' ');
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

Isa isa_by_name(const std::string& name) {
  std::string names;
  for (const IsaInfo& info : isa_list()) {
    if (name == info.name) {
      if (!isa_supported(info.isa))
        throw Error("this CPU does not run the instruction set '" + name + "': it needs " + info.needs, "INTRAIN_ISA",
                    "unset INTRAIN_ISA to take the best one there is ('intrain info' lists them)");
      return info.isa;
    }
    names += (names.empty() ? "" : ", ") + std::string(info.name);
  }
  throw Error("unknown instruction set '" + name + "'", "INTRAIN_ISA", "one of: " + names);
}

Isa select_isa() {
  if (const char* forced = std::getenv("INTRAIN_ISA"); forced != nullptr && *forced != '\0') return isa_by_name(forced);
  Isa best = Isa::kScalar;
  for (const IsaInfo& info : isa_list())
    if (isa_supported(info.isa)) best = info.isa;
  return best;
}

}  // namespace intrain
