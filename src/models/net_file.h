// Nets that a user describes in a TOML file: `--model FILE.toml`. docs/nets.md says what it holds.
#pragma once

#include <string>

#include "base/api.h"
#include "nn/net.h"

namespace intrain {

// Whether `model` names such a file: it ends with ".toml".
INTRAIN_API bool is_net_file(const std::string& model);

// The file's text. Throws Error if it cannot be read or has more than 1 MiB.
INTRAIN_API std::string read_net_file(const std::string& path);

// The net that `text` describes. Throws Error, naming `path` and the layer, for what it cannot be.
INTRAIN_API Net build_net(const std::string& text, const std::string& path, int h, int w, int c, int classes);

}  // namespace intrain
