#include "models/models.h"

#include "core/error.h"

namespace intrain {

Net build_model(const std::string& name, int h, int w, int c, int classes) {
#define INTRAIN_MODEL(id, call) \
  if (name == id) return call;
#include "models/models.def"
#undef INTRAIN_MODEL
  std::string names;
  for (const std::string& n : model_names()) names += (names.empty() ? "" : ", ") + n;
  throw Error("unknown model '" + name + "'", "--model", "one of: " + names);
}

std::vector<std::string> model_names() {
  return {
#define INTRAIN_MODEL(id, call) id,
#include "models/models.def"
#undef INTRAIN_MODEL
  };
}

}  // namespace intrain
