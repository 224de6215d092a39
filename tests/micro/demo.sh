#!/usr/bin/env bash
# The demo on the smallest board: a net that was trained here learns on an emulated micro:bit, within its 16 KB of RAM, as it does on the desktop.
#
#   demo.sh BINARY
source "$(dirname "$0")/../cli/support/lib.sh"

for program in arm-none-eabi-gcc qemu-system-arm python3; do
  command -v "$program" > /dev/null || { echo "skipped: there is no $program"; finish "the demo"; exit; }
done
INTRAIN=$intrain bash "$here/../../examples/firmware/run.sh" gestures . > out 2>&1
status=$?
check "it runs: $(tail -n 3 out | tr '\n' ' ')" test $status -eq 0
cat out

right() { sed -n "s/^$1: \([0-9]*\) of 300 right$/\1/p" out; }
bytes() { sed -n "s/^$1: \([0-9]*\) bytes$/\1/p" out; }
check "before it is lost" test "$(right before)" -lt 60
check "after learning it knows most" test "$(right after)" -gt 225
check "it learned from each sample" has out '^700 steps$'
check "the desktop learned the same from its record" has out "^equal to the device's signature$"
check "and is right as often" has out "^the desktop learned the same: $(right after) of 300$"
check "flash" test "$(bytes flash)" -lt 262144
check "RAM with the stack" test "$(($(bytes "RAM without stack") + $(bytes stack)))" -lt 16384
mkdir none
python3 "$here/../../examples/firmware/wrist.py" none folder 2> err
check "recordings that are not there are refused" test $? -eq 2
check "in two lines" test "$(wc -l < err)" -eq 2
check "no floating point, heap or text formatting is linked" not has map 'libgcc\.a\((_?(add|sub|mul|div)[sd]f|_arm_(add|mul|div)[sd]?)|malloc|printf'
finish "the demo"
