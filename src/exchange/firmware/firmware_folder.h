// A net as a folder of sources for firmware, which takes nothing from outside: a C header, the net's tables, src/micro/ and the arithmetic that it
// calls.
#pragma once

#include <string>
#include <vector>

#include "exchange/firmware/firmware_plan.h"

namespace intrain {

struct FirmwareText {
  std::string path;  // in the folder
  std::string text;
};

// All files. title: a line for their heads. table: [channels][256], from pixels to what the net reads (Normalization).
std::vector<FirmwareText> firmware_files(const FirmwarePlan& plan, const std::string& title, int h, int w, int c,
                                         const std::vector<int8_t>& table);

}  // namespace intrain
