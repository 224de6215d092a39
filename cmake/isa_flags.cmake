# Kernel files are named after their instruction set (src/ops/<op>/avx2.cc) and are the only ones compiled with its flags; everything
# else is baseline code, so that one binary runs on every CPU of its architecture.

# -fno-exceptions: nothing in them throws, and g++ -O0 would refer to the exception runtime by a weak symbol.
set(INTRAIN_FLAGS_avx2 -fno-exceptions -mavx2)
set(INTRAIN_FLAGS_avxvnni -fno-exceptions -mavxvnni)
set(INTRAIN_FLAGS_avx512vnni -fno-exceptions -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni -mprefer-vector-width=512)
# g++ 12 warns of uninitialized variables inside its own AVX-512 headers (GCC bug 105593).
list(APPEND INTRAIN_FLAGS_avx512vnni $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized$<SEMICOLON>-Wno-uninitialized>)
set(INTRAIN_FLAGS_amx -fno-exceptions -mamx-tile -mamx-int8)
set(INTRAIN_X86_ISAS avx2 avxvnni avx512vnni amx)

# intrain_isa_sources(<list variable>): sets the flags of the kernel files in the list, or drops them where the target has no such
# instruction set.
function(intrain_isa_sources list)
  set(kept ${${list}})
  foreach(isa IN LISTS INTRAIN_X86_ISAS)
    set(files ${${list}})
    list(FILTER files INCLUDE REGEX "/${isa}(_[a-z0-9_]+)?\\.cc$")
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
      set_source_files_properties(${files} PROPERTIES COMPILE_OPTIONS "${INTRAIN_FLAGS_${isa}}")
    elseif(files)
      list(REMOVE_ITEM kept ${files})
    endif()
  endforeach()
  set(${list} ${kept} PARENT_SCOPE)
endfunction()
