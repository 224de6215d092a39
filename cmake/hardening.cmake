# What turns a mistake in a parser into an end of the program: stack protector, checked calls of the C library (FORTIFY), relocations that are
# read-only from the start (full RELRO), and landing pads for indirect jumps (CET; of 64-bit ARM BTI, and signed return addresses). Kernels read nothing from outside and have the last
# alone. Not under sanitizers, which check the same calls, nor without optimization, which FORTIFY needs.
# tools/check_hardening.sh shows it of the binaries.
include(CheckCXXSourceCompiles)

add_library(intrain_hardening INTERFACE)
add_library(intrain_kernel_hardening INTERFACE)
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT INTRAIN_SANITIZE)
  # Older compilers and C libraries know level 2 only, and say so in a warning.
  set(CMAKE_REQUIRED_FLAGS "-O2 -Werror -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3")
  check_cxx_source_compiles("#include <cstring>\nint main() {}" INTRAIN_FORTIFY_3)
  unset(CMAKE_REQUIRED_FLAGS)
  set(fortify $<IF:$<BOOL:${INTRAIN_FORTIFY_3}>,3,2>)
  target_compile_options(intrain_hardening INTERFACE -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=${fortify})
  # Some distributions' compilers turn it on by themselves.
  target_compile_options(intrain_kernel_hardening INTERFACE -fno-stack-protector)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
    target_compile_options(intrain_hardening INTERFACE -fcf-protection=full)
    target_compile_options(intrain_kernel_hardening INTERFACE -fcf-protection=full)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64|ARM64)$")
    target_compile_options(intrain_hardening INTERFACE -mbranch-protection=standard)
    target_compile_options(intrain_kernel_hardening INTERFACE -mbranch-protection=standard)
  endif()
  target_link_options(intrain_hardening INTERFACE -Wl,-z,relro,-z,now)
endif()
