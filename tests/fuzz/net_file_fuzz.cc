// Nets in TOML files, for small and large images.
#include "core/error.h"
#include "models/net_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  using namespace intrain;
  const std::string text(reinterpret_cast<const char*>(data), bytes);
  for (const int side : {12, 224}) try {
      build_net(text, "fuzz.toml", side, side, 3, 10);
    } catch (const Error&) {
    }
  return 0;
}
