#!/usr/bin/env bash
# The hardening of cmake/hardening.cmake, as it shows in binaries.
#
#   tools/check_hardening.sh BINARY...            programs and shared libraries
#   tools/check_hardening.sh --objects BUILD_DIR  the archives of the folders: landing pads everywhere, and kernels without the rest
#
# Prints what is missing; the last line is "N binaries, M faults".
set -uo pipefail

checked=0
faults=0
fault() {
  faults=$((faults + 1))
  echo "$1: $2"
}

# No grep -q behind a pipe: it ends early, which pipefail takes for a failure.
# imports FILE PATTERN: whether it calls such a function of the C library.
imports() { nm -D --undefined-only "$1" | grep -E " $2(@|$)" > /dev/null; }
is_by_clang() { readelf -p .comment "$1" | grep 'clang version' > /dev/null; }
check_binary() {
  readelf -dW "$1" | grep -E 'BIND_NOW|FLAGS_1.*NOW' > /dev/null || fault "$1" "relocations are not bound at the start"
  readelf -lW "$1" | grep GNU_RELRO > /dev/null || fault "$1" "no RELRO"
  readelf -lW "$1" | grep -E 'GNU_STACK.* RWE' > /dev/null && fault "$1" "an executable stack"
  imports "$1" __stack_chk_fail || fault "$1" "no stack protector"
  # glibc's checked calls are made for g++; clang 14 rarely comes to use one.
  imports "$1" '__[a-z]+_chk' || is_by_clang "$1" || fault "$1" "no FORTIFY"
  [[ $(readelf -hW "$1") =~ Type:\ +DYN ]] || fault "$1" "not position-independent"
}

# The C library's own start-up code may lack the mark of landing pads, and the linker then drops it: the objects have it.
check_archive() {
  local objects marked
  objects=$(ar t "$1" | wc -l)
  marked=$(readelf -nW "$1" | grep -cE 'x86 feature:.*IBT|AArch64 feature:.*BTI')
  [[ $objects -eq $marked ]] || ! readelf -hW "$1" | grep -E 'Machine:.*(X86-64|AArch64)' > /dev/null ||
    fault "$1" "landing pads in $marked of $objects objects"
  if [[ $1 == *libintrain_ops.a ]]; then
    nm "$1" | grep -E ' U (__stack_chk_fail|__[a-z]+_chk)$' > /dev/null && fault "$1" "kernels with a stack protector or FORTIFY"
  fi
}

if [[ ${1:-} == --objects ]]; then
  for archive in "$2"/libintrain_*.a; do
    check_archive "$archive"
    checked=$((checked + 1))
  done
else
  for binary in "$@"; do
    check_binary "$binary"
    checked=$((checked + 1))
  done
fi
echo "$checked binaries, $faults faults"
[[ $checked -gt 0 && $faults -eq 0 ]]
