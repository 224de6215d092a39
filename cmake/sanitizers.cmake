# -DINTRAIN_SANITIZE=address,undefined (or thread): the whole program under sanitizers; any finding ends it.
set(INTRAIN_SANITIZE "" CACHE STRING "Sanitizers to build with: empty, 'address,undefined' or 'thread'")

if(INTRAIN_SANITIZE)
  add_compile_options(-fsanitize=${INTRAIN_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${INTRAIN_SANITIZE})
endif()
