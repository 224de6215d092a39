# For targets that parse, print and draw with large libraries, in which no time is spent: -O3 takes twice as long to compile them.
function(intrain_quick_to_compile target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
endfunction()

# intrain_folder(<name> [USES <folder>...] [LIBS <target>...]): the static library intrain_<name> of all of src/<name>, or a header-only
# target where it has no .cc. USES is what its headers may include; LIBS are third-party and stay private to it.
function(intrain_folder name)
  cmake_parse_arguments(arg "" "" "USES;LIBS" ${ARGN})
  list(TRANSFORM arg_USES PREPEND intrain_)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cc)
  list(FILTER sources EXCLUDE REGEX "/src/cli/main\\.cc$")  # of the program, not of the library
  if(INTRAIN_CAIRO STREQUAL "linked")
    list(FILTER sources EXCLUDE REGEX "/cairo_loaded\\.cc$")
  else()
    list(FILTER sources EXCLUDE REGEX "/cairo_linked\\.cc$")
  endif()
  intrain_isa_sources(sources)
  set(target intrain_${name})
  if(NOT sources)
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(${target} INTERFACE ${arg_USES} ${arg_LIBS})
    return()
  endif()
  add_library(${target} STATIC ${sources})
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${target} PUBLIC ${arg_USES} PRIVATE ${arg_LIBS} intrain_warnings
                        $<IF:$<STREQUAL:${name},ops>,intrain_kernel_hardening,intrain_hardening>)
  target_compile_options(${target} PRIVATE -Wpedantic)
  # What tools look at file by file is compiled so; the rest, which parses large headers, several files at once where the preset says so.
  if(name MATCHES "^(core|isa|ops|nn|optim)$")
    set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)
  elseif(name STREQUAL "train")
    set_source_files_properties(${PROJECT_SOURCE_DIR}/src/train/step.cc PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  elseif(name STREQUAL "report")  # either of the two, and the other files together as ever
    set_source_files_properties(${PROJECT_SOURCE_DIR}/src/report/draw/cairo_linked.cc ${PROJECT_SOURCE_DIR}/src/report/draw/cairo_loaded.cc
                                PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
  if(name MATCHES "^(train|runs|analysis|report|bench|cli)$")
    intrain_plain_under_sanitizers(${target})
  endif()
  if(name MATCHES "^(settings|runs|analysis|report|bench|cli)$")
    intrain_quick_to_compile(${target})
  endif()
  if(INTRAIN_SANITIZE MATCHES undefined AND name MATCHES "^(core|ops|nn|data)$")
    target_compile_options(${target} PRIVATE -fsanitize=alignment)
  endif()
endfunction()
