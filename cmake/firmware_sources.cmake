# The sources of firmware as text in the program, so that `intrain export --firmware` writes a folder that takes nothing from outside: all of
# src/micro/ and what it reaches. A list, because the references lie beside kernels; a file that it lacks shows when the folder is compiled
# (tests/exchange/firmware/).
set(firmware_sources
    base/assert.h base/exact_sums.h base/formats.h base/initializer.h base/random.h base/rounding.h base/sgd_step.h base/shapes.h base/widths.h
    micro/errors.cc micro/errors.h micro/forward.cc micro/forward.h micro/hash.cc micro/hash.h micro/net.h micro/parameters.cc micro/parameters.h micro/products.cc
    micro/products.h micro/products_arm.h micro/products_loops.h micro/signature.cc micro/signature.h micro/state.cc micro/state.h
    micro/step.cc micro/step.h micro/update.cc micro/update.h
    ops/activate/activate.h ops/activate/reference.cc
    ops/batch_norm/batch_norm.h ops/batch_norm/channels.cc ops/batch_norm/channels.h ops/batch_norm/moments.cc ops/batch_norm/reference.cc
    ops/conv2d/conv2d.h ops/conv2d/reference.cc ops/conv2d/staging.cc ops/conv2d/staging.h
    ops/error/error.h ops/error/product_error.cc ops/error/product_error.h ops/error/reference.cc ops/error/scale.cc
    ops/gemm/gemm.h ops/initialize/initialize.h ops/pool/pool.h ops/pool/reference.cc ops/quantize/quantize.h ops/quantize/reference.cc
    ops/sgd_momentum/reference.cc ops/sgd_momentum/sgd_momentum.h ops/sgd_momentum/update.h ops/sgd_momentum/update_reference.cc
    ops/sgd_momentum/wageubn.h ops/sgd_momentum/wageubn_reference.cc
    ops/softmax_xent/reference.cc ops/softmax_xent/softmax_xent.h ops/split_error.h types/cstddef types/cstdint)
set(text "#include \"exchange/firmware/firmware_sources.h\"\n\nnamespace intrain {\n\nstatic constexpr FirmwareSource kSources[] = {\n")
foreach(path IN LISTS firmware_sources)
  set(file ${PROJECT_SOURCE_DIR}/src/${path})
  if(path MATCHES "^types/(.*)")  # cross compilers come without the C++ library
    set(file ${PROJECT_SOURCE_DIR}/tools/freestanding/${CMAKE_MATCH_1})
  endif()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(READ ${file} source)
  string(APPEND text "{\"${path}\", R\"~~(${source})~~\"},\n")
endforeach()
string(APPEND text "};\n\nstd::span<const FirmwareSource> firmware_sources() { return kSources; }\n\n}  // namespace intrain\n")
# Written only when it changes: else each configuration would compile it anew.
set(firmware_file ${PROJECT_BINARY_DIR}/firmware_sources.cc)
set(old)
if(EXISTS ${firmware_file})
  file(READ ${firmware_file} old)
endif()
if(NOT old STREQUAL text)
  file(WRITE ${firmware_file} "${text}")
endif()
target_sources(intrain_exchange PRIVATE ${firmware_file})
