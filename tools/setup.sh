#!/usr/bin/env bash
# Installs the Debian packages that are missing.
#
#   tools/setup.sh demo      what it takes to build and run
#   tools/setup.sh test      and what make test needs on top
#   tools/setup.sh check     or make check
#   tools/setup.sh fuzz      or make fuzz
#   tools/setup.sh package   or make package
#   tools/setup.sh docs      or make docs
#   tools/setup.sh openmpi   or make mpi
#   tools/setup.sh mpich     or make mpi MPI=mpich
#   tools/setup.sh arm64     or to build for 64-bit ARM on another architecture, and to run that by QEMU
#   tools/setup.sh micro     or to build firmware for microcontrollers, and to run it by QEMU
#   tools/setup.sh python    or pip install ., make wheel and make peers
#
# As root, or through sudo. Where neither works it prints the line to run and stops with exit status 1. INTRAIN_SKIP_SETUP=1 skips it all
# (other distributions: install the equivalents by hand).
set -euo pipefail

packages=(g++ cmake ninja-build make pkg-config libcli11-dev nlohmann-json3-dev libfmt-dev libxxhash-dev zlib1g-dev libcairo2-dev libjpeg62-turbo-dev libpng-dev libwebp-dev libtiff-dev libgif-dev
          libtomlplusplus-dev libprotobuf-dev protobuf-compiler libonnx-dev
          libgtest-dev dataset-fashion-mnist)
case "${1:-}" in
  demo) ;;
  fuzz) packages+=(clang libclang-rt-14-dev) ;;
  package) packages+=(dpkg-dev file) ;;
  python) packages+=(python3-dev python3-venv) ;;
  docs) packages+=(doxygen python3 python3-venv) ;;
  openmpi) packages+=(openmpi-bin libopenmpi-dev) ;;
  mpich) packages+=(mpich libmpich-dev) ;;
  check) packages+=(clang-format python3 libsimde-dev ccache) ;;
  test) packages+=(clang clang-format binutils python3 python3-dev python3-venv util-linux libsimde-dev dpkg-dev file doxygen) ;;
  arm64)
    packages+=(g++-aarch64-linux-gnu qemu-user-static clang binutils python3 dpkg-dev file)
    for library in libc6 libstdc++6 libfmt-dev libxxhash-dev zlib1g-dev libcairo2-dev libjpeg62-turbo-dev libpng-dev libwebp-dev libtiff-dev \
      libgif-dev libtomlplusplus-dev libprotobuf-dev libonnx1 libgtest-dev; do
      packages+=("$library:arm64")
    done ;;
  micro) packages=(g++ clang binutils python3 gcc-arm-none-eabi gcc-riscv64-unknown-elf qemu-system-arm qemu-system-misc) ;;
  *) echo "usage: tools/setup.sh demo|test|check|fuzz|package|docs|openmpi|mpich|arm64|micro|python" >&2; exit 2 ;;
esac
[[ "${INTRAIN_SKIP_SETUP:-}" == 1 ]] && exit 0

if ! command -v dpkg-query apt-get > /dev/null; then
  echo "error: this is no Debian system, so nothing can be installed from here" >&2
  echo "hint: install the equivalents of: ${packages[*]}; then set INTRAIN_SKIP_SETUP=1" >&2
  exit 1
fi

# libonnx-dev and libonnxifi, which libonnx-dev needs, cannot be installed for two architectures: both bring the file /usr/lib/libonnxifi.so.
unpack_onnx() {
  local folder
  folder=$(dirname "${BASH_SOURCE[0]}")/../build/arm64-packages
  [[ -e $folder/usr/lib/aarch64-linux-gnu/cmake/ONNX/ONNXConfig.cmake ]] && return
  mkdir -p "$folder"
  (cd "$folder" && apt-get download -q lib{onnx-dev,onnx1,onnxifi}:arm64 && for package in *.deb; do dpkg -x "$package" .; done)
}
finish() {
  [[ $1 != arm64 ]] || unpack_onnx
  exit 0
}

missing=()
native=$(dpkg --print-architecture)
for package in "${packages[@]}"; do
  architecture=$native
  [[ $package == *:* ]] && architecture=${package#*:}
  dpkg-query -W -f '${Architecture} ${db:Status-Status}\n' "$package" 2> /dev/null | grep -qE "^($architecture|all) installed$" || missing+=("$package")
done
[[ ${#missing[@]} -eq 0 ]] && finish "$1"

# Of another architecture: dpkg must know it.
foreign=
[[ ${1:-} == arm64 && $native != arm64 ]] && ! dpkg --print-foreign-architectures | grep -qx arm64 && foreign=arm64

if [[ $EUID -eq 0 ]]; then
  as_root=()
elif command -v sudo > /dev/null && sudo -n true 2> /dev/null; then
  as_root=(sudo -n)
elif command -v sudo > /dev/null && [[ -t 0 && -t 2 ]]; then
  as_root=(sudo)
else
  echo "error: these packages are missing, and installing them takes root: ${missing[*]}" >&2
  echo "hint: run this line, then make again:" >&2
  echo "  su -c '${foreign:+dpkg --add-architecture $foreign && }apt-get update && apt-get install -y --no-install-recommends ${missing[*]}'" >&2
  exit 1
fi

echo "Installing: ${missing[*]}"
[[ -z $foreign ]] || "${as_root[@]}" dpkg --add-architecture "$foreign"
# The package lists may be missing (a fresh container) or old; if they cannot be fetched, the ones there may still do.
"${as_root[@]}" apt-get update -q || true
if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}"; then
  echo "error: apt-get could not install: ${missing[*]}" >&2
  echo "hint: see its message above; the project is built for Debian 12 (bookworm)" >&2
  exit 1
fi
finish "$1"
