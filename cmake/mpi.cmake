# The plug-in intrain_mpi.so, beside the program: the only part that needs MPI. Debian's MPIs can both be installed; their compilers have their names.
if(NOT INTRAIN_MPI)
  return()
endif()
set(MPI_CXX_COMPILER mpicxx.${INTRAIN_MPI})
set(MPI_CXX_SKIP_MPICXX ON)  # its C++ bindings, which are no more
find_package(MPI REQUIRED COMPONENTS CXX)
add_library(intrain_mpi MODULE EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/src/ranks/mpi/plugin.cc)
target_include_directories(intrain_mpi PRIVATE ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(intrain_mpi PRIVATE MPI::MPI_CXX intrain_warnings intrain_hardening)
target_link_options(intrain_mpi PRIVATE -Wl,--as-needed)
set_target_properties(intrain_mpi PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
