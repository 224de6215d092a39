// The C header of a folder of firmware, and what its intrain_info() returns.
#pragma once

#include <string>

#include "exchange/firmware/firmware_folder.h"

namespace intrain {

std::string firmware_header(const FirmwarePlan& plan, const FirmwareSubject& subject);
// The definition of kInfo, an intrain_net_info.
std::string firmware_info(const FirmwarePlan& plan, const FirmwareSubject& subject);

}  // namespace intrain
