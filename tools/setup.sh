#!/usr/bin/env bash
# Installs the Debian packages that are missing.
#
#   tools/setup.sh demo      what it takes to build and run
#   tools/setup.sh test      and what make test needs on top
#   tools/setup.sh check     or make check
#   tools/setup.sh fuzz      or make fuzz
#   tools/setup.sh package   or make package
#   tools/setup.sh docs      or make docs
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
  docs) packages+=(doxygen python3) ;;
  check) packages+=(clang-format python3 libsimde-dev ccache) ;;
  test) packages+=(clang clang-format binutils python3 python3-venv util-linux libsimde-dev dpkg-dev file doxygen) ;;
  *) echo "usage: tools/setup.sh demo|test|check|fuzz|package|docs" >&2; exit 2 ;;
esac
[[ "${INTRAIN_SKIP_SETUP:-}" == 1 ]] && exit 0

if ! command -v dpkg-query apt-get > /dev/null; then
  echo "error: this is no Debian system, so nothing can be installed from here" >&2
  echo "hint: install the equivalents of: ${packages[*]}; then set INTRAIN_SKIP_SETUP=1" >&2
  exit 1
fi

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null || true)
  [[ "$status" == installed ]] || missing+=("$package")
done
[[ ${#missing[@]} -eq 0 ]] && exit 0

if [[ $EUID -eq 0 ]]; then
  as_root=()
elif command -v sudo > /dev/null && sudo -n true 2> /dev/null; then
  as_root=(sudo -n)
elif command -v sudo > /dev/null && [[ -t 0 && -t 2 ]]; then
  as_root=(sudo)
else
  echo "error: these packages are missing, and installing them takes root: ${missing[*]}" >&2
  echo "hint: run this line, then make again:" >&2
  echo "  su -c 'apt-get update && apt-get install -y --no-install-recommends ${missing[*]}'" >&2
  exit 1
fi

echo "Installing: ${missing[*]}"
# The package lists may be missing (a fresh container) or old; if they cannot be fetched, the ones there may still do.
"${as_root[@]}" apt-get update -q || true
if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}"; then
  echo "error: apt-get could not install: ${missing[*]}" >&2
  echo "hint: see its message above; the project is built for Debian 12 (bookworm)" >&2
  exit 1
fi
