#!/usr/bin/env bash
# A net is trained on the desktop, becomes firmware, and learns on a board that QEMU emulates within the memory of the real chip; then the desktop
# learns what the board recorded.
#
#   run.sh gestures  [OUT]            digits drawn in the air, then a quarter turn on: all of a perceptron learns (micro:bit, Cortex-M0)
#   run.sh fashion   [OUT]            Fashion-MNIST, then a quarter turn on: all of a convolutional net learns (lm3s6965evb, Cortex-M3)
#   run.sh new_class [OUT]            Fashion-MNIST without sandals, which the last layers of a depthwise net then learn (netduino2, Cortex-M3)
#   run.sh riscv     [OUT]            the same net and samples on RV32IMC (virt, as lowrisc-ibex)
#   run.sh wrist FOLDER PERSON [OUT]  what a person does, who is not among those that it was trained on (lm3s6965evb)
#   run.sh spoken FOLDER SPEAKER [OUT]  spoken digits of a voice that it was not trained on (netduino2)
#
# OUT (build/firmware/DEMO) takes all files; a net that lies there is not trained again. INTRAIN is the program, build/release/intrain if not given;
# DEMO_FLAGS are handed to the compiler for demo.c, as -DDEMO_PASSES=2; a board is given up after DEMO_SECONDS (1800). It takes
# gcc-arm-none-eabi and qemu-system-arm, or gcc-riscv64-unknown-elf and qemu-system-misc. It fails unless both end with one
# signature, and are right equally often.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
intrain=$(realpath "${INTRAIN:-$here/../../build/release/intrain}")

usage() {
  sed -n '5,10p' "${BASH_SOURCE[0]}" | cut -c 5- >&2
  exit 2
}
out_folder() {
  mkdir -p "$1"
  cd "$1"
}

# train NET DATA FLAGS...: a run folder `trained`, or that of an earlier call
train() {
  [[ -e trained/final.ckpt ]] && return
  "$intrain" train --model "$here/$1" --data "$2" --augment none --optimizer plain --out trained "${@:3}" > train.log
  grep '^test accuracy' train.log
}

# on_board BOARD: builds the firmware and demo.c for the board, and runs it
on_board() {
  local board=$1 cross processor link qemu file
  case $board in
    virt)
      cross=riscv64-unknown-elf- processor="-march=rv32imc -mabi=ilp32 -msmall-data-limit=0" link="-march=rv32im -mabi=ilp32"
      qemu="qemu-system-riscv32 -M virt -cpu lowrisc-ibex -bios none" ;;
    *)
      cross=arm-none-eabi- processor="-mcpu=cortex-m3 -mthumb" qemu="qemu-system-arm -M $board"
      [[ $board == microbit ]] && processor="-mcpu=cortex-m0 -mthumb"
      link=$processor ;;
  esac
  make -s -C firmware clean
  make -s -j "$(nproc)" -C firmware CROSS=$cross FLAGS="$processor"
  for file in demo boards/start boards/memory boards/semihost; do
    # shellcheck disable=SC2086  # several flags
    ${cross}gcc -std=c11 -Os -ffreestanding -fno-tree-loop-distribute-patterns -ffunction-sections -fdata-sections $processor \
      -I "$here" -I firmware/src "${flags[@]}" -c "$here/$file.c" -o "$(basename "$file").o"
  done
  # shellcheck disable=SC2086
  ${cross}gcc $link -nostdlib -Wl,--gc-sections -Wl,-Map=map -L "$here/boards" -T "$board.ld" demo.o start.o memory.o semihost.o \
    firmware/libintrain_net.a -lgcc -o "$board.elf"
  ${cross}size "$board.elf" | awk 'NR == 2 {print "flash: " $1 + $2 " bytes\nRAM without stack: " $2 + $3 " bytes"}'
  timeout "${DEMO_SECONDS:-1800}" $qemu -display none -monitor none -serial none -chardev stdio,id=text \
    -semihosting-config enable=on,target=native,chardev=text -kernel "$board.elf" < /dev/null 2> qemu.log | tee "$board.log"
}

# learn MODE BOARD FLAGS...: on the board, then from its record here
learn() {
  local right all
  "$intrain" export --checkpoint trained/final.ckpt --firmware firmware --mode "$1"
  flags=("${@:3}" ${DEMO_FLAGS:-})
  on_board "$2"
  "$intrain" replay --checkpoint trained/final.ckpt --mode "$1" --samples record.bin --out learned.ckpt \
    --signature "$(sed -n 's/^signature: //p' "$2.log")" | sed '/^signature/d'
  "$intrain" eval --checkpoint learned.ckpt --data mnist:. --json eval.json > eval.log
  read -r right all < <(sed -n 's/^after: \([0-9]*\) of \([0-9]*\) right$/\1 \2/p' "$2.log")
  python3 -c 'import json, sys; sys.exit(json.load(open("eval.json"))["accuracy"] != int(sys.argv[1]) / int(sys.argv[2]))' "$right" "$all"
  echo "the desktop learned the same: $right of $all"
}

demo=${1:-}
case $demo in
  gestures)
    out_folder "${2:-build/firmware/$demo}"
    python3 "$here/gestures.py" turn .
    train gestures.toml "mnist:$here/gestures" --epochs 20 --batch 16 --lr 0.1
    learn full microbit ;;
  fashion)
    out_folder "${2:-build/firmware/$demo}"
    python3 "$here/fashion.py" turn .
    train fashion.toml fashion-mnist --epochs 2 --lr 0.5
    learn full lm3s6965evb -DDEMO_RATE=131 ;;
  new_class | riscv)
    out_folder "${2:-build/firmware/$demo}"
    python3 "$here/fashion.py" new_class .
    train depthwise.toml mnist:. --epochs 2 --batch 64 --lr 0.5
    learn last-2 "$([[ $demo == riscv ]] && echo virt || echo netduino2)" -DDEMO_CLASS=5 ;;
  wrist)
    [[ $# -ge 3 ]] || usage
    data=$(realpath "$2")
    out_folder "${4:-build/firmware/$demo-$3}"
    python3 "$here/wrist.py" "$data" . "$3"
    train wrist.toml mnist:. --epochs 10 --batch 32 --lr 0.5
    learn full lm3s6965evb -DDEMO_RATE=16 ;;
  spoken)
    [[ $# -ge 3 ]] || usage
    data=$(realpath "$2")
    out_folder "${4:-build/firmware/$demo-$3}"
    python3 "$here/spoken.py" "$data" . "$3"
    train depthwise.toml mnist:. --epochs 15 --batch 32 --lr 0.4
    learn full netduino2 -DDEMO_RATE=16 -DDEMO_PASSES=3 ;;
  *) usage ;;
esac
