#include "models/models.h"

#include "core/error.h"
#include "models/net_file.h"

namespace intrain {

Net build_model(const std::string& name, const std::string& net, int h, int w, int c, int classes) {
  if (is_net_file(name)) return build_net(net.empty() ? read_net_file(name) : net, name, h, w, c, classes);
#define INTRAIN_MODEL(id, call) \
  if (name == id) return call;
#include "models/models.def"
#undef INTRAIN_MODEL
  std::string names;
  for (const std::string& n : model_names()) names += (names.empty() ? "" : ", ") + n;
  throw Error("unknown model '" + name + "'", Setting{"model"}, "one of: " + names + ", or a file that ends with .toml");
}

std::vector<std::string> model_names() {
  return {
#define INTRAIN_MODEL(id, call) id,
#include "models/models.def"
#undef INTRAIN_MODEL
  };
}

}  // namespace intrain
