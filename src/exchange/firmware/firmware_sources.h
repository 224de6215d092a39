// The sources that firmware is compiled from, as they were when this program was: cmake/firmware_sources.cmake makes the list.
#pragma once

#include <span>
#include <string_view>

namespace intrain {

struct FirmwareSource {
  std::string_view path;  // from src/ on
  std::string_view text;
};
std::span<const FirmwareSource> firmware_sources();

}  // namespace intrain
