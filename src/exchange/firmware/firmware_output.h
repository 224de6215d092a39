// A folder of firmware on the disk.
#pragma once

#include <string>
#include <vector>

#include "exchange/firmware/firmware_layouts.h"

namespace intrain {

// Throws Error if `folder` is there and no folder, or one that holds files but no header of an earlier export: they are not this program's to write
// over. Changes nothing.
void check_firmware_folder(const std::string& folder);

// Makes the folder, or that of an earlier export anew; an example that it then no longer has is removed. Throws Error as check_firmware_folder(), and
// if something cannot be written.
void write_firmware_folder(const std::string& folder, const std::vector<FirmwareText>& files);

}  // namespace intrain
