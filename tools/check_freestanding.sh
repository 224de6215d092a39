#!/usr/bin/env bash
# Compiles the arithmetic for a machine without an operating system, and shows that it takes nothing: no C++ library but the types of
# tools/freestanding/, no C library but memcpy and memset, no exceptions, no constructors before main. With g++, and clang++ and the cross
# compilers that are there.
#
# The arithmetic is, by where a file lies, so that a new operator is part of it without being listed:
#   - each header of src/base/
#   - all of src/ops/<operator>/, src/optim/ and src/micro/ but kernels of one instruction set and what `hosted` names: what hands the work out to threads
#
#   tools/check_freestanding.sh [ROOT]        ROOT: the repository (default: the one this script lies in)
set -uo pipefail

readonly here=$(cd "$(dirname "$0")" && pwd)
readonly root=$(cd "${1:-$here/..}" && pwd)
readonly kernels="/($(sed -n 's/^INTRAIN_ISA(\w*, \(\w*\),.*/\1/p' "$here/../src/isa/isa.def" | paste -sd '|'))[a-z0-9_]*\.cc$"
# ops/peak computes no number of the contract. Of ops/conv2d the reference and the shifts are arithmetic, the rest are plans and threads.
readonly hosted='^(ops/peak/.*|ops/conv2d/.*|optim/(sgd|gradient_sum|gradient_exchange|rate_at)[.]cc)$'
readonly not_hosted='^ops/conv2d/(reference|staging)[.]cc$'
readonly memory='^(memcpy|memset)$'
# What a compiler for 32 bits calls in place of instructions.
readonly cross_helpers='^(memcpy|memset|__aeabi_[a-z0-9_]+|__(u?div|u?mod|mul|u?divmod|ash[lr]|lshr)[sd]i[34]|__clz[sd]i2)$'

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$root/src" || exit 2

mapfile -t sources < <(find ops/*/ optim micro -name '*.cc' | grep -vE "$kernels" | awk -v hosted="$hosted" -v not="$not_hosted" '$0 !~ hosted || $0 ~ not' | sort)
mapfile -t headers < <(find base -name '*.h' | sort)
[[ ${#sources[@]} -gt 0 && ${#headers[@]} -gt 0 ]] || { echo "error: no arithmetic in $root/src" >&2; exit 2; }
for header in "${headers[@]}"; do
  # Twice: each stands by itself, and once only.
  printf '#include "%s"\n#include "%s"\n' "$header" "$header" > "$work/$(tr / _ <<< "${header%.h}")_header.cc"
done

# breach COMPILER TEXT: counted in a file, for the compilers run beside each other.
breach() { echo "$1: $2" >> "$work/breaches"; }

check() {
  local compiler=$1 allowed=$2 tools=${1%g++} objects=$work/$1 undefined text
  [[ $compiler == clang++ || $compiler == g++ ]] && tools=
  mkdir -p "$objects"
  compile() {
    local object
    object=$2/$(tr / _ <<< "${3#"$work/"}").o
    "$1" -c -std=c++20 -ffreestanding -fno-exceptions -fno-rtti -nostdinc -nostdinc++ -isystem "$here/freestanding" -I. -O2 -Wall -Wextra \
      -Werror -fno-stack-protector -fno-pic -fno-asynchronous-unwind-tables -o "$object" "$3" 2> "$object.log" ||
      breach "$1" "$3 does not compile: $(grep -m 1 error "$object.log" || head -n 1 "$object.log")"
  }
  local jobs=0 source
  for source in "${sources[@]}" "$work"/*_header.cc; do
    compile "$compiler" "$objects" "$source" &
    ((++jobs % $(nproc) == 0)) && wait
  done
  wait
  "$compiler" -r -nostdlib -o "$objects/all.o" "$objects"/*.cc.o 2> "$objects/link.log" ||
    { breach "$compiler" "the objects cannot be linked: $(head -n 1 "$objects/link.log")"; return; }
  undefined=$("${tools}nm" -u "$objects/all.o" | awk '{ print $2 }' | sort -u)
  grep -vE "$allowed" <<< "$undefined" | sed '/^$/d' | while IFS= read -r symbol; do
    breach "$compiler" "needs from outside: $symbol ($(cd "$objects" && "${tools}nm" -uA ./*.cc.o | grep -m 1 -w -- "$symbol" | sed 's|^\./||; s/\.o:.*//'))"
  done
  "${tools}size" -A "$objects/all.o" | grep -qE '^\.(init_array|ctors)' && breach "$compiler" "a constructor runs before main"
  text=$("${tools}size" "$objects/all.o" | awk 'NR == 2 { print $1 }')
  echo "$compiler: ${#sources[@]} files and ${#headers[@]} headers, $text bytes of text, undefined: $(tr '\n' ' ' <<< "$undefined")" >> "$work/report"
}

: > "$work/breaches"
: > "$work/report"
check g++ "$memory"
for compiler in clang++ arm-none-eabi-g++ riscv64-unknown-elf-g++; do
  command -v "$compiler" > /dev/null || continue
  if [[ $compiler == clang++ ]]; then check "$compiler" "$memory"; else check "$compiler" "$cross_helpers"; fi
done
cat "$work/breaches"
sed 's/ *$//' "$work/report" | paste -s -d ';' | sed 's/;/; /g'
[[ ! -s $work/breaches ]]
