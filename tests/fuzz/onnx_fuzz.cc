// ONNX models with nets in floating point, for a net of three convolutions.
#include "core/error.h"
#include "fuzz/import_fuzz.h"
#include "support/memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  using namespace intrain;
  static const test::FuzzedNet net;
  const test::MemoryFile file(data, bytes);
  for (const bool new_head : {false, true}) try {
      const std::vector<FloatLayer> layers = read_onnx_net(file.path(), net.steps, new_head);
      if (layers.size() != 4) std::abort();
      for (size_t i = 0; i + (new_head ? 1 : 0) < layers.size(); ++i)
        if (layers[i].weight.empty()) std::abort();
    } catch (const Error&) {
    }
  return 0;
}
