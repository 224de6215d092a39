// Configurations: what is accepted is also checked, written, and read again as it was.
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "settings/config.h"
#include "settings/config_file.h"
#include "settings/config_json.h"
#include "support/memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  using namespace intrain;
  const test::MemoryFile file(data, bytes);
  try {
    TrainConfig config;
    read_config(file.path(), config);
    validate(config);
    const nlohmann::ordered_json written = config;
    if (nlohmann::ordered_json(written.get<TrainConfig>()) != written) std::abort();
  } catch (const Error&) {
  }
  return 0;
}
