#include "exchange/firmware/firmware_layouts.h"

#include "core/version.h"

namespace intrain {

namespace {

// What stands before each, and all of them.
std::string lines(const char* before, const std::vector<std::string>& sources) {
  std::string text;
  for (const std::string& source : sources) text += before + source;
  return text;
}

// The firmware's own flags may be others; these are what the sources need.
std::string makefile(const std::vector<std::string>& sources) {
  return R"(# libintrain_net.a for the machine of CROSS, as arm-none-eabi-, with FLAGS of its processor, as -mcpu=cortex-m3 -mthumb.
CROSS ?=
FLAGS ?=
SOURCES :=)" +
         lines(" \\\n  ", sources) + R"(
OBJECTS := $(SOURCES:.cc=.o)

libintrain_net.a: $(OBJECTS)
	$(CROSS)ar rcs $@ $^
%.o: %.cc
	$(CROSS)g++ -std=c++20 -Os -ffreestanding -fno-exceptions -fno-rtti -nostdinc++ -isystem src/types -ffunction-sections -fdata-sections $(FLAGS) -Isrc -c -o $@ $<
clean:
	rm -f libintrain_net.a $(OBJECTS)
.PHONY: clean
)";
}

// Of the folder, which add_subdirectory() takes.
std::string cmake(const std::vector<std::string>& sources) {
  return R"(# The library intrain_net: add_subdirectory() of this folder, and target_link_libraries(... intrain_net).
cmake_minimum_required(VERSION 3.16)
project(intrain_net CXX)
add_library(intrain_net STATIC)" +
         lines("\n  ", sources) + R"()
target_include_directories(intrain_net PUBLIC src)
target_compile_features(intrain_net PRIVATE cxx_std_20)
target_compile_options(intrain_net PRIVATE -ffreestanding -fno-exceptions -fno-rtti -nostdinc++ -ffunction-sections -fdata-sections
  "SHELL:-isystem ${CMAKE_CURRENT_SOURCE_DIR}/src/types")
)";
}

// The Arduino library specification, 1.5: sources are all of src/.
std::string library_properties() {
  return std::string("name=intrain_net\nversion=") + kVersion + R"(
author=intrain
maintainer=intrain
sentence=A net that predicts and learns in integers, with the bits of a desktop.
paragraph=It needs a compiler of C++20: g++ 10 or later, with -std=gnu++20.
category=Data Processing
url=
architectures=*
includes=intrain_net.h
)";
}

std::string library_json() {
  return std::string("{\n  \"name\": \"intrain_net\",\n  \"version\": \"") + kVersion + R"(",
  "description": "A net that predicts and learns in integers, with the bits of a desktop.",
  "frameworks": "*",
  "platforms": "*",
  "headers": "intrain_net.h",
  "build": {
    "srcDir": "src",
    "includeDir": "src",
    "unflags": ["-std=gnu++11", "-std=gnu++14", "-std=gnu++17"],
    "flags": ["-std=gnu++20"]
  }
}
)";
}

constexpr const char *kLearnPath = "examples/Learn/Learn.ino", *kPredictPath = "examples/Predict/Predict.ino";

constexpr const char* kLearnSketch =
    R"(// Learns from samples that come over the serial line: a label, and then the numbers of INTRAIN_INPUTS pixels, a byte each. The answer is the class
// that it took the sample for, before it learned from it; a label beyond the classes only asks.
)"
    "#include <intrain_net.h>\n"
    R"(
static uint64_t arena[INTRAIN_ARENA_BYTES / 8];
static uint8_t sample[1 + INTRAIN_INPUTS];

void setup() {
  Serial.begin(115200);
  intrain_init(arena);
}

void loop() {
  if (Serial.readBytes(reinterpret_cast<char*>(sample), sizeof sample) != sizeof sample) return;
  int32_t seen = intrain_train_step(arena, sample + 1, sample[0]);
  if (seen < 0) seen = intrain_predict(arena, sample + 1, nullptr);
  Serial.println(static_cast<int>(seen));
}
)";

constexpr const char* kPredictSketch =
    R"(// Answers samples that come over the serial line, the numbers of INTRAIN_INPUTS pixels, a byte each, by their class.
)"
    "#include <intrain_net.h>\n"
    R"(
static uint64_t arena[INTRAIN_ARENA_BYTES / 8];
static uint8_t pixels[INTRAIN_INPUTS];

void setup() {
  Serial.begin(115200);
  intrain_init(arena);
}

void loop() {
  if (Serial.readBytes(reinterpret_cast<char*>(pixels), sizeof pixels) != sizeof pixels) return;
  Serial.println(static_cast<int>(intrain_predict(arena, pixels, nullptr)));
}
)";

constexpr const char* kZephyrModule = R"(name: intrain_net
build:
  cmake: zephyr
  kconfig: zephyr/Kconfig
)";

constexpr const char* kZephyrKconfig = R"(config INTRAIN_NET
	bool "intrain_net"
	depends on CPP && (STD_CPP20 || STD_CPP2B)
	help
	  A net that predicts and learns in integers, with the bits of a desktop.
	  In prj.conf: CONFIG_CPP=y, CONFIG_STD_CPP20=y, CONFIG_INTRAIN_NET=y.
)";

std::string zephyr_cmake(const std::vector<std::string>& sources) {
  return "if(CONFIG_INTRAIN_NET)\n  zephyr_library_named(intrain_net)\n  zephyr_library_sources(" + lines("\n    ../", sources) +
         ")\n  zephyr_include_directories(../src)\nendif()\n";
}

}  // namespace

std::vector<FirmwareText> firmware_layouts(const std::vector<std::string>& sources, bool learns) {
  return {{"Makefile", makefile(sources)},
          {"CMakeLists.txt", cmake(sources)},
          {"library.properties", library_properties()},
          {"library.json", library_json()},
          learns ? FirmwareText{kLearnPath, kLearnSketch} : FirmwareText{kPredictPath, kPredictSketch},
          {"zephyr/module.yml", kZephyrModule},
          {"zephyr/CMakeLists.txt", zephyr_cmake(sources)},
          {"zephyr/Kconfig", kZephyrKconfig}};
}

std::vector<std::string> firmware_examples() { return {kLearnPath, kPredictPath}; }

}  // namespace intrain
