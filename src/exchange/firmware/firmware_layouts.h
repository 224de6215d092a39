// What build systems want beside the sources of a firmware folder: plain Make and CMake, Arduino, PlatformIO, and Zephyr's modules.
#pragma once

#include <string>
#include <vector>

namespace intrain {

struct FirmwareText {
  std::string path;  // in the folder
  std::string text;
};

// sources: all that is compiled, from the folder on. Every layout takes these, and finds headers in src/. learns: the example does, else it predicts.
std::vector<FirmwareText> firmware_layouts(const std::vector<std::string>& sources, bool learns);
// The paths of all examples, of which a folder has one.
std::vector<std::string> firmware_examples();

}  // namespace intrain
