# -DINTRAIN_SANITIZE=address,undefined (or thread): the whole program under sanitizers; any finding ends it.
set(INTRAIN_SANITIZE "" CACHE STRING "Sanitizers to build with: empty, 'address,undefined', 'thread', or as the preset fuzz has it")

if(INTRAIN_SANITIZE)
  add_compile_options(-fsanitize=${INTRAIN_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  # The checks of pointers double the compile time of template-heavy libraries and of kernels. Null pointers, and those beyond their object, end
  # in ASan anyway; alignment is checked where there are vectors (cmake/folder.cmake).
  if(INTRAIN_SANITIZE MATCHES undefined)
    add_compile_options(-fno-sanitize=null,vptr,alignment,object-size,pointer-overflow)
    # Of the time that g++ takes for unrolled kernels under ASan, a third is its analysis of where pointers lead.
    add_compile_options($<$<CXX_COMPILER_ID:GNU>:-fno-tree-pta>)
  endif()
  add_link_options(-fsanitize=${INTRAIN_SANITIZE})
endif()

# For tests: what they compute themselves is not looked at for undefined behaviour, which takes a quarter of their compile time.
function(intrain_defined_by_itself target)
  if(INTRAIN_SANITIZE MATCHES undefined)
    target_compile_options(${target} PUBLIC -fno-sanitize=undefined)
  endif()
endfunction()

# For targets that take long to compile, and in which a training under sanitizers does not spend its time.
function(intrain_plain_under_sanitizers target)
  if(INTRAIN_SANITIZE)
    target_compile_options(${target} PRIVATE -O0)
  endif()
endfunction()
