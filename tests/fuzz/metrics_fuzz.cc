// Lines of metrics.jsonl.
#include "runs/metrics_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  intrain::parse_metrics_line(std::string(reinterpret_cast<const char*>(data), bytes));
  return 0;
}
