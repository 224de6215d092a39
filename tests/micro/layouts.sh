#!/usr/bin/env bash
# The folder that `intrain export --firmware` writes, as each build system takes it. Make and CMake build it; of Arduino, PlatformIO and Zephyr, which
# are not here, there are stand-ins for what they read.
#
#   layouts.sh BINARY
source "$(dirname "$0")/../cli/support/lib.sh"

cat > net.toml << 'END'
[[layer]]
type = "conv"
channels = 4
size = 3
stride = 2
END
"$intrain" train --data synthetic:64 --model net.toml --epochs 1 --batch 16 --out run > train.out || exit 2
"$intrain" export --checkpoint run/final.ckpt --firmware net --mode full > export.out || exit 2
cat > main.c << 'END'
#include <stdio.h>
#include "intrain_net.h"
static uint64_t arena[INTRAIN_ARENA_BYTES / 8];
int main(void) {
  uint8_t pixels[INTRAIN_INPUTS];
  for (int i = 0; i < INTRAIN_INPUTS; ++i) pixels[i] = (uint8_t)(37 * i);
  intrain_init(arena);
  for (int i = 0; i < 5; ++i) intrain_train_step(arena, pixels, i);
  printf("%u %016llx\n", (unsigned)intrain_step_count(arena), (unsigned long long)intrain_signature(arena));
  return 0;
}
END

# Make: a library for any program.
make -s -j2 -C net > make.log 2>&1 && cc -Inet/src main.c net/libintrain_net.a -o by_make && ./by_make > by_make.out
check "Make builds it" has by_make.out '^5 [0-9a-f]{16}$'

# CMake: a folder of a larger project.
mkdir project
cat > project/CMakeLists.txt << 'END'
cmake_minimum_required(VERSION 3.16)
project(firmware C CXX)
add_subdirectory(../net net)
add_executable(firmware ../main.c)
target_link_libraries(firmware intrain_net)
END
cmake -S project -B by_cmake > cmake.log 2>&1 && cmake --build by_cmake -j 2 >> cmake.log 2>&1 && by_cmake/firmware > by_cmake.out
check "so does CMake, to the same bits" cmp by_make.out by_cmake.out

# Zephyr: its functions, as far as the module calls them.
mkdir zephyr
cat > zephyr/CMakeLists.txt << 'END'
cmake_minimum_required(VERSION 3.20)
project(zephyr CXX)
function(zephyr_library_named name)
  add_library(${name} STATIC)
  set(ZEPHYR_CURRENT_LIBRARY ${name} PARENT_SCOPE)
endfunction()
function(zephyr_library_sources)
  target_sources(${ZEPHYR_CURRENT_LIBRARY} PRIVATE ${ARGN})
endfunction()
function(zephyr_include_directories)
  include_directories(${ARGN})
endfunction()
set(CONFIG_INTRAIN_NET y)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_STANDARD 20)
add_subdirectory(../net/zephyr module)
END
cmake -S zephyr -B by_zephyr > zephyr.log 2>&1
check "the Zephyr module is configured" test $? -eq 0
sources() { sed -n 's|^ *\(src/[a-z0-9_/]*\.cc\).*|\1|p' net/Makefile | sort; }
check "with the sources that Make takes" diff <(sources) <(sed -n 's|^ *"file": ".*/net/\(.*\)",*$|\1|p' by_zephyr/compile_commands.json | sort)
check "which are all there are" diff <(sources) <(cd net && find src -name '*.cc' | sort)
check "its module file says where" diff <(grep -o 'zephyr.*' net/zephyr/module.yml) <(printf 'zephyr\nzephyr/Kconfig\n')
check "and its option is the one that switches it" diff <(sed -n 's/^config //p' net/zephyr/Kconfig) <(echo INTRAIN_NET)

# Arduino: all of src/ as its compilers see it, src/ being the only folder of headers, and the sketch.
mkdir arduino
cat > "$work/arduino/Arduino.h" << 'END'
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
struct SerialLine {
  void begin(long) {}
  size_t readBytes(char* to, size_t bytes) { return fread(to, 1, bytes, stdin); }
  void println(int number) { printf("%d\n", number); }
};
static SerialLine Serial;
END
sketch() {
  { cat "$1"; echo 'int main() { setup(); loop(); }'; } > "$work/arduino/sketch.cc"
  g++ -std=gnu++20 "-I$2/src" -include "$work/arduino/Arduino.h" "$work/arduino/sketch.cc" "$2/libintrain_net.a" -o sketch >> arduino.log 2>&1
}
mapfile -t units < <(find net/src -name '*.cc')
g++ -std=gnu++20 -fsyntax-only -Inet/src "${units[@]}" > arduino.log 2>&1
check "sources need no other folder of headers" test $? -eq 0
check "the sketch that learns compiles" sketch net/examples/Learn/Learn.ino net
head -c 1000 "$work/net/src/intrain_net.cc" | ./sketch > sketch.out
check "it answers a sample" has sketch.out '^[0-9]$'
"$intrain" export --checkpoint run/final.ckpt --firmware predicts --mode infer > export.out && make -s -j2 -C predicts > make.log 2>&1
check "so does that of firmware that predicts only" sketch predicts/examples/Predict/Predict.ino predicts
head -c 1000 "$work/net/src/intrain_net.cc" | ./sketch > sketch.out
check "which answers, too" has sketch.out '^[0-9]$'
for field in name version author maintainer sentence paragraph category url architectures; do
  check "library.properties has $field" has net/library.properties "^$field="
done
check "its header is there" test -f "net/src/$(sed -n 's/^includes=//p' net/library.properties)"

# PlatformIO.
python3 - net > platformio.log 2>&1 << 'END'
import json, os, sys
manifest = json.load(open(sys.argv[1] + "/library.json"))
assert manifest["name"] == "intrain_net" and manifest["version"].count(".") == 2
assert os.path.isfile(os.path.join(sys.argv[1], manifest["build"]["srcDir"], manifest["headers"]))
END
check "library.json is a manifest: $(tail -n 1 platformio.log)" test ! -s platformio.log
finish "firmware layouts"
