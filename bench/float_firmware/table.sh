#!/usr/bin/env bash
# Flash, RAM and instructions of learning on a microcontroller: firmware of examples/firmware/run.sh beside the same nets in float32, compiled with the
# same flags for processors without floating point.
#
#   bench/float_firmware/table.sh DEMO=FOLDER...    DEMO: gestures, fashion or wrist; FOLDER: where run.sh left it
#
# A line each: net, processor, numbers, flash (all of the program), RAM (with the stack), instructions of a prediction and of a training step, as
# QEMU counts them.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
examples=$here/../../examples/firmware
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# program NAME PROCESSOR DEMO [LIBRARY FOLDER]: of the float net, or of the folder
program() {
  local cross=arm-none-eabi- flags="-mcpu=cortex-$2 -mthumb" link script=mps2-an385.ld qemu="qemu-system-arm -M mps2-an385" out=$work/$1-$2-$3
  local cxx=(-std=c++20 -Os -ffreestanding -fno-exceptions -fno-rtti -ffunction-sections -fdata-sections -I "$here" -I "$examples") objects=()
  link=$flags
  if [[ $2 == rv32imc ]]; then
    cross=riscv64-unknown-elf- flags="-march=rv32imc -mabi=ilp32 -msmall-data-limit=0" link="-march=rv32im -mabi=ilp32" script=virt.ld
    qemu="qemu-system-riscv32 -M virt -cpu rv32 -bios none"
  fi
  mkdir -p "$out"
  if [[ $1 == integers ]]; then
    cp -r "$4" "$out/net"
    make -s -C "$out/net" clean
    make -s -j "$(nproc)" -C "$out/net" CROSS=$cross FLAGS="$flags"
    objects=("$out/net/libintrain_net.a")
    cxx+=(-I "$out/net/src")
  else
    cxx+=(-DFLOAT_NET "-DNET_$3")
    # shellcheck disable=SC2086  # several flags
    ${cross}g++ "${cxx[@]}" $flags -c "$here/float_net.cc" -o "$out/float_net.o"
    objects=("$out/float_net.o")
  fi
  # shellcheck disable=SC2086
  ${cross}g++ "${cxx[@]}" $flags -c "$here/step.cc" -o "$out/step.o"
  for file in start memory semihost counter; do
    # shellcheck disable=SC2086
    ${cross}gcc -std=c11 -Os -ffreestanding -fno-tree-loop-distribute-patterns -ffunction-sections $flags -I "$examples" \
      -c "$examples/boards/$file.c" -o "$out/$file.o"
  done
  # shellcheck disable=SC2086
  ${cross}gcc $link -nostdlib -Wl,--gc-sections -L "$examples/boards" -T $script "$out"/{step,start,memory,semihost,counter}.o "${objects[@]}" -lgcc \
    -o "$out/program"
  $qemu -display none -monitor none -serial none -icount shift=0 -chardev stdio,id=text \
    -semihosting-config enable=on,target=native,chardev=text -kernel "$out/program" < /dev/null > "$out/counts" 2> "$out/errors"
  ${cross}size "$out/program" | awk -v name="$3 $2 $1" -v counts="$(cat "$out/counts")" 'NR == 2 {
    split(counts, c, " ")
    printf "%-28s %8d %8d %10d %10d\n", name, $1 + $2, $2 + $3 + c[6], c[2], c[4]
  }'
}

printf '%-28s %8s %8s %10s %10s\n' "" flash RAM predict train
for pair in "$@"; do
  for processor in m0 m3 rv32imc; do
    program integers "$processor" "${pair%%=*}" "${pair#*=}/firmware"
    program float32 "$processor" "${pair%%=*}"
  done
done
