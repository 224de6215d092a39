// JSON from outside: what the bounded parser takes is JSON, and what it makes of it reads back as it is.
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "io/json_read.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  const std::string_view text(reinterpret_cast<const char*>(data), bytes);
  nlohmann::ordered_json json;
  try {
    json = intrain::read_json(text);
  } catch (const std::invalid_argument& e) {
    if (std::string(e.what()).empty() || std::string(e.what()).size() > 300) std::abort();
    return 0;
  }
  if (!nlohmann::ordered_json::accept(text)) std::abort();
  if (intrain::read_json(json.dump()) != json) std::abort();
  return 0;
}
