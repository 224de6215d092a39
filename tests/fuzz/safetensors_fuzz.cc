// Safetensors files with nets in floating point, for a net of three convolutions.
#include "fuzz/import_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  const intrain::test::MemoryFile file(data, bytes);
  intrain::test::fuzz_import(file.path(), intrain::read_safetensors_net);
  return 0;
}
