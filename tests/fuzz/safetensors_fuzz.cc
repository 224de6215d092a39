// Safetensors files with nets in floating point, for a net of three convolutions.
#include "fuzz/import_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  using namespace intrain;
  const test::MemoryFile file(data, bytes);
  for (const char* prefix : {"", "ema"})
    for (const std::vector<std::string>& order : {std::vector<std::string>{}, {"b", "a", "m.c"}})
      test::fuzz_import(file.path(), [&](const std::string& path, const std::vector<NetStep>& steps, bool new_head) {
        return read_safetensors_net(path, steps, {new_head, prefix, order});
      });
  return 0;
}
