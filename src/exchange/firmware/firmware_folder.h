// A plan as a folder that takes nothing from outside: a C header, the net as tables, src/micro/ and the arithmetic that it
// calls.
#pragma once

#include <string>
#include <vector>

#include "exchange/firmware/firmware_layouts.h"
#include "exchange/firmware/firmware_plan.h"

namespace intrain {

// What the tables do not tell of a net.
struct FirmwareSubject {
  std::string title;          // a line
  int h, w, c;                // of the pixels
  std::vector<int8_t> table;  // [c][256], from pixels to what the net reads (Normalization)
};

// All files.
std::vector<FirmwareText> firmware_files(const FirmwarePlan& plan, const FirmwareSubject& subject);

}  // namespace intrain
