# Kernel files are named after their instruction set (src/ops/<op>/avx2.cc) and are the only ones compiled with its flags; everything
# else is baseline code, so that one binary runs on every CPU of its architecture. src/isa/isa.def says which there are.
set(INTRAIN_ISA_LIST ${PROJECT_SOURCE_DIR}/src/isa/isa.def)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${INTRAIN_ISA_LIST})

# What isa.def calls the architecture of the target.
string(TOLOWER "${CMAKE_SYSTEM_PROCESSOR}" INTRAIN_ARCHITECTURE)
string(REGEX REPLACE "^amd64$" "x86_64" INTRAIN_ARCHITECTURE "${INTRAIN_ARCHITECTURE}")
string(REGEX REPLACE "^arm64$" "aarch64" INTRAIN_ARCHITECTURE "${INTRAIN_ARCHITECTURE}")

# INTRAIN_ISAS: the names of all that have kernel files; INTRAIN_ARCHITECTURE_<name>, INTRAIN_FLAGS_<name>.
set(INTRAIN_ISAS)
file(STRINGS ${INTRAIN_ISA_LIST} rows REGEX "^INTRAIN_ISA\\(")
foreach(row IN LISTS rows)
  if(NOT row MATCHES "^INTRAIN_ISA\\(k[A-Za-z0-9]+, ([a-z0-9]+), ([a-z0-9_]+), k[A-Za-z0-9]+, ([a-z]+), \"[^\"]*\", \"([^\"]*)\"\\)$")
    message(FATAL_ERROR "src/isa/isa.def: CMake cannot read the row ${row}")
  endif()
  set(name ${CMAKE_MATCH_1})
  if(CMAKE_MATCH_3 STREQUAL "reference")
    continue()
  endif()
  list(APPEND INTRAIN_ISAS ${name})
  set(INTRAIN_ARCHITECTURE_${name} ${CMAKE_MATCH_2})
  # -fno-exceptions: nothing in them throws, and g++ -O0 would refer to the exception runtime by a weak symbol.
  separate_arguments(INTRAIN_FLAGS_${name} UNIX_COMMAND "-fno-exceptions ${CMAKE_MATCH_4}")
  if(INTRAIN_FLAGS_${name} MATCHES "-mavx512")
    # g++ 12 warns of uninitialized variables inside its own AVX-512 headers (GCC bug 105593).
    list(APPEND INTRAIN_FLAGS_${name} $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized$<SEMICOLON>-Wno-uninitialized>)
  endif()
  if(INTRAIN_ARCHITECTURE_${name} STREQUAL aarch64)
    # g++ 12 would move the loads of a tile's loop up to where their registers are still taken.
    list(APPEND INTRAIN_FLAGS_${name} $<$<CXX_COMPILER_ID:GNU>:-fno-schedule-insns>)
  endif()
  if(name STREQUAL i8mm)
    # It would copy sums from register to register, too, on the pipes that multiply.
    list(APPEND INTRAIN_FLAGS_${name} $<$<CXX_COMPILER_ID:GNU>:-fno-tree-ter$<SEMICOLON>-frename-registers>)
  endif()
endforeach()

# intrain_isa_files(<variable> <ISA> <file>...): those of the files that are kernel files of that instruction set.
function(intrain_isa_files variable isa)
  list(FILTER ARGN INCLUDE REGEX "/${isa}(_[a-z0-9_]+)?\\.cc$")
  set(${variable} ${ARGN} PARENT_SCOPE)
endfunction()

# intrain_isa_sources(<list variable>): sets the flags of the kernel files in the list, or drops them where the target has no such
# instruction set.
function(intrain_isa_sources list)
  set(kept ${${list}})
  foreach(isa IN LISTS INTRAIN_ISAS)
    intrain_isa_files(files ${isa} ${${list}})
    if(INTRAIN_ARCHITECTURE_${isa} STREQUAL INTRAIN_ARCHITECTURE)
      set_source_files_properties(${files} PROPERTIES COMPILE_OPTIONS "${INTRAIN_FLAGS_${isa}}")
    elseif(files)
      list(REMOVE_ITEM kept ${files})
    endif()
  endforeach()
  set(${list} ${kept} PARENT_SCOPE)
endfunction()
