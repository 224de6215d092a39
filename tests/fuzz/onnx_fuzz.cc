// ONNX models with nets in floating point, for a net of three convolutions.
#include "fuzz/import_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  intrain::test::fuzz_import(data, bytes, intrain::read_onnx_net);
  return 0;
}
