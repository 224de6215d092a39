#!/usr/bin/env bash
# Installs a build and uses it as others would: headers, exported symbols, CMake package, pkg-config, Debian package.
#
#   tests/package/package.sh BUILD_DIR
#
# Works in a new folder of its own. The last line is "N checks of the package passed, M failed".
set -uo pipefail
build=$(realpath "$1")
source=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
passed=0
failed=0

# check NAME COMMAND...: its exit status decides; its output is shown if it failed.
check() {
  local name=$1
  shift
  if "$@" > "$work/log" 2>&1; then
    passed=$((passed + 1))
    echo "ok      $name"
  else
    failed=$((failed + 1))
    echo "FAILED  $name"
    tail -n 30 "$work/log" | sed 's/^/        | /'
  fi
}
# The same for a command that must print nothing.
check_silent() { check "$1" silent "${@:2}"; }
silent() {
  local output
  output=$("$@" 2>&1)
  echo "$output"
  [[ -z $output ]]
}
finish() {
  echo "$passed checks of the package passed, $failed failed"
  [[ $failed -eq 0 ]]
  exit
}

check "cmake --install" cmake --install "$build" --prefix "$work/first"
[[ $failed -eq 0 ]] || finish
# Everything below uses it from another place than it was installed to.
mv first prefix
prefix=$work/prefix
include=$prefix/include
libdir=$(dirname "$(find "$prefix" -name libintrain.so)")
version=$("$prefix/bin/intrain" --version | cut -d ' ' -f 2)

check "the program runs" "$prefix/bin/intrain" info
check "version $version of the library is that of the program" test -f "$libdir/libintrain.so.$version"
# Below 1.0 a minor version is an interface.
has_soname() { objdump -p "$libdir/libintrain.so" | grep -E "SONAME +libintrain\.so\.${version%.*}$"; }
check "SONAME" has_soname

check "program and library are hardened" "$source/tools/check_hardening.sh" "$prefix/bin/intrain" "$libdir/libintrain.so"

# Headers.
all_headers() { (cd "$include" && find intrain -name '*.h' | sort | sed 's/.*/#include <&>/') > all.cc && [[ -s all.cc ]]; }
check "there are headers" all_headers
check "all headers together compile, with warnings as errors" \
  g++ -std=c++20 -Wall -Wextra -Wpedantic -Wshadow -Werror -fsyntax-only -I "$include" all.cc
# What is missing in a header shows where it comes first.
headers_alone() {
  local header status=0
  for header in \
    intrain/{nn/builder,train/{trainer,step,trained_net},exchange/{export/export,import/import_net},optim/schedule,settings/recipe}.h; do
    g++ -std=c++20 -fsyntax-only -I "$include" -x c++ "$include/$header" || status=1
  done
  return $status
}
check "the headers to start from compile alone" headers_alone
check_silent "no header names a library's" grep -rnE '#include <[^>]*[/.]' "$include"
other_macros() { grep -rE '^ *# *define' "$include" | grep -v 'define INTRAIN_'; }
check_silent "macros are INTRAIN_..." other_macros

# Symbols: those of the declarations that INTRAIN_API marks.
exported() { nm -D --defined-only -C "$libdir/libintrain.so" | cut -c 20-; }
exported > symbols
check "the library exports intrain::train" grep -q '^intrain::train(' symbols
foreign() { sed -E 's/^(vtable|typeinfo|typeinfo name) for //' symbols | grep -v '^intrain::'; }
check_silent "nothing of libraries, nor of the standard library, is exported" foreign
# The name after intrain:: of each symbol, and of each marked declaration.
unmarked() {
  grep -rhE '^ *(class|struct)? *INTRAIN_API' "$include" |
    sed -E 's/.*(class|struct) INTRAIN_API ([A-Za-z]+).*/\2/; s/.* [*&~]?([A-Za-z0-9_]+)\(.*/\1/' | sort -u > marked
  sed -E 's/^(vtable|typeinfo|typeinfo name) for //; s/\[abi:cxx11\]//; s/^intrain::(ops::)?([A-Za-z0-9_]+).*/\2/' symbols | sort -u |
    comm -23 - marked
}
check_silent "of classes neither nested ones' members nor instances of templates" grep -E '^intrain::[A-Za-z:]*(::State::|<)' symbols
check_silent "nothing is exported but what public headers mark" unmarked

# A template's parameters may stand on a line of their own.
unexported() {
  local header
  find "$include/intrain" -name '*.h' | while read -r header; do
    sed -E '/^template/{N;s/\n/ /}' "$header" | grep -E '^[A-Za-z_:<>]+.* [*&]?[A-Za-z0-9_]+\(' |
      grep -vE '^(INTRAIN_API|inline|constexpr|static|template)' | sed "s|^|${header#"$include"/}: |"
  done
}
check_silent "and each function that they declare is" unexported

# CMake and pkg-config, each with nothing of the other.
cp -r "$source/tests/package/consumer" "$source/examples" "$source"/tests/exchange/import/data/dynamo.onnx* .
by_cmake() {
  cmake -S consumer -B by-cmake -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_BUILD_TYPE=Release && cmake --build by-cmake && by-cmake/consumer > cmake.txt
}
check "a project finds, compiles and runs it by find_package(intrain 0.7)" by_cmake
sed 's/find_package(intrain 0.7 /find_package(intrain 0.3 /' consumer/CMakeLists.txt > CMakeLists.txt
cp consumer/main.cc .
refuses() { ! cmake -S . -B refused -DCMAKE_PREFIX_PATH="$prefix" 2> refused.txt && grep -q 'compatible with requested version "0.3"' refused.txt; }
check "find_package refuses another minor version" refuses
# by_pkg_config LIBRARY_FOLDER SOURCE PROGRAM
by_pkg_config() {
  local flags
  flags=$(PKG_CONFIG_PATH=$1/pkgconfig pkg-config --cflags --libs intrain) || return
  # shellcheck disable=SC2086
  g++ -std=c++20 -O1 -o "$3" "$2" $flags -Wl,-rpath,"$1" && "./$3" > "$3.txt"
}
check "a file compiles with what pkg-config says, and runs" by_pkg_config "$libdir" consumer/main.cc by_file
check "pkg-config tells version $version" env PKG_CONFIG_PATH="$libdir/pkgconfig" pkg-config --exact-version="$version" intrain
check "both print the same" diff cmake.txt by_file.txt
signature=$("$prefix/bin/intrain" train --data synthetic:256 --model resnet8 --epochs 2 --batch 32 --out run 2>&1 | sed -n 's/^signature: *//p')
check "which is the signature of the program's training, ${signature:-none}" grep -q "signature ${signature:-none}$" cmake.txt
imports() { "$prefix/bin/intrain" import --onnx dynamo.onnx --data synthetic:256 --threads 1 --out program.ckpt && cmp program.ckpt consumer.ckpt; }
check "and its checkpoint of an ONNX model is the program's" imports
check "the example of a layer, with installed headers and library" by_pkg_config "$libdir" examples/custom_layer.cc custom_layer

# Debian package.
if ! type dpkg-shlibdeps > /dev/null 2>&1; then
  echo "skipped the Debian package: dpkg-dev is not installed"
  finish
fi
check "cpack -G DEB" cpack -G DEB --config "$build/CPackConfig.cmake" -B "$work/deb"
deb=deb/intrain_${version}_$(dpkg --print-architecture).deb
check "its name holds version and architecture" test -f "$deb"
[[ -f $deb ]] || finish
field() { dpkg-deb -f "$deb" "$1"; }
for field in Package=intrain Version="$version" Architecture="$(dpkg --print-architecture)" Section=science; do
  check "its field $field" test "$(field "${field%%=*}")" = "${field#*=}"
done
for field in Maintainer Installed-Size Description; do check "it has a $field" test -n "$(field "$field")"; done
# Each library that the program or the library names is of a package that it depends on.
depends() {
  local file soname package status=0
  for file in unpacked/usr/bin/intrain unpacked/usr/lib*/libintrain.so; do
    for soname in $(objdump -p "$file" | awk '$1 == "NEEDED" { print $2 }'); do
      [[ $soname == ld-linux* ]] && continue
      package=$(dpkg -S "*/$(gcc -print-multiarch)/$soname" | head -n 1 | cut -d : -f 1)
      [[ -n $package && ", $(field Depends)" =~ ", $package"(" "|,|$) ]] || { echo "$soname of '$package' is not in Depends"; status=1; }
    done
  done
  return $status
}
check "it unpacks" dpkg-deb -x "$deb" unpacked
check "it depends on the packages of all libraries that it names" depends
check "it tells the linker of the library" grep -q 'ldconfig$' <(dpkg-deb -I "$deb" postinst)
check "packages that use the library will depend on it" grep -q "^libintrain ${version%.*} intrain" <(dpkg-deb -I "$deb" shlibs)
same_files() { diff <(cd prefix && find . ! -type d | sort) <(cd unpacked/usr && find . ! -type d | sort); }
check "it holds what cmake --install installs" same_files
check "it holds the licence where Debian wants it" test -s unpacked/usr/share/doc/intrain/copyright
not_plain() { dpkg-deb -c "$deb" | grep -vE '^(drwxr-xr-x|-rw-r--r--|-rwxr-xr-x|lrwxrwxrwx) root/root .* \./usr/'; }
check_silent "all of it is root's, none writes but root, nothing lies outside /usr" not_plain
unstripped() { file unpacked/usr/bin/intrain unpacked/usr/lib*/libintrain.so.*.* | grep -F 'not stripped'; }
check_silent "it is stripped" unstripped
run_paths() { objdump -p unpacked/usr/bin/intrain unpacked/usr/lib*/libintrain.so | grep -E 'RPATH|RUNPATH'; }
check_silent "no file names folders to look for libraries in" run_paths
check "its program verifies resnet8" unpacked/usr/bin/intrain verify --model resnet8
check "a file compiles with what it holds, and runs" by_pkg_config "$work/unpacked/usr/${libdir#"$prefix"/}" consumer/main.cc by_deb
check "and prints the same" diff by_file.txt by_deb.txt
finish
