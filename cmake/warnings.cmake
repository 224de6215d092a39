# Warnings of every target of the project; errors with -DINTRAIN_WERROR=ON (what `make test` builds with).
option(INTRAIN_WERROR "Treat warnings as errors" OFF)

add_library(intrain_warnings INTERFACE)
target_compile_options(intrain_warnings INTERFACE -Wall -Wextra -Wshadow)
if(INTRAIN_WERROR)
  target_compile_options(intrain_warnings INTERFACE -Werror)
endif()
