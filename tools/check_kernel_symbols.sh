#!/usr/bin/env bash
# Kernel files (src/ops/*/avx2.cc) are compiled with their instruction set's flags. An inline function with external linkage in one
# of them is a weak symbol, which the linker may take for the whole baseline program; it would then crash on older CPUs. So their
# objects may hold no weak symbol, and may call nothing but memory functions and the failed-check handlers.
#
#   tools/check_kernel_symbols.sh BUILD_DIR...
set -euo pipefail

isas=$(sed -n 's/^INTRAIN_ISA(\w*, \(\w*\),.*/\1/p' "$(dirname "${BASH_SOURCE[0]}")/../src/isa/isa.def" | paste -sd '|')
allowed_calls='^(memset|memcpy|memmove|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_|__(asan|ubsan|tsan|sanitizer)_.*|intrain::check_failed\(.*)$'
objects=0
bad=0
for build in "$@"; do
  while IFS= read -r object; do
    objects=$((objects + 1))
    if weak=$(nm -C "$object" | grep -E '^[0-9a-f]* +[WVwvu] '); then
      echo "$object: weak symbols:"
      echo "$weak"
      bad=$((bad + 1))
    fi
    if calls=$(nm -C --undefined-only "$object" | sed 's/^ *U //' | grep -vE "$allowed_calls"); then
      echo "$object: needs from outside:"
      echo "$calls"
      bad=$((bad + 1))
    fi
  done < <(find "$build/CMakeFiles" -regextype posix-extended -regex '.*/src/ops/.*/('"$isas"')(_[a-z0-9_]+)?\.cc\.o' | sort)
done
echo "$objects kernel objects inspected, $bad with symbols they must not have"
[[ $objects -gt 0 && $bad -eq 0 ]]
