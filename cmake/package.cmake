# intrain as a library: libintrain.so of all folders but those that look at results (analysis, report, bench), ranks and cli, its public headers, the CMake package, intrain.pc, and with cpack
# a Debian package of all that and the program.
include(GNUInstallDirs)

# What users may include. These headers reach no others, which tests/package/package.sh shows, and what they mark with INTRAIN_API is all
# that the library exports. Kernels (ops/) are none of it.
set(INTRAIN_PUBLIC_HEADERS
    base/api.h base/exact_sums.h base/formats.h base/image_sink.h base/initializer.h base/loss_format.h base/random.h base/rounding.h base/sgd_step.h base/shapes.h base/widths.h
    core/batch.h core/buffer.h core/error.h core/parallel.h core/parameter.h core/profile.h core/local_ranks.h core/reducer.h core/slice.h core/version.h
    isa/isa.def isa/isa.h
    nn/backward_sink.h nn/builder.h nn/graph_sink.h nn/layer.h nn/memory_plan.h nn/net.h nn/runtime.h nn/state.h nn/tensor_sink.h
    optim/gradient_sum.h optim/schedule.h
    models/models.h models/net_file.h models/residual_blocks.h
    data/augmentation.h data/dataset.h data/loader.h data/loader_options.h data/pixels.h data/normalization.h data/source.h
    checkpoint/checkpoint.h checkpoint/signature.h settings/config.h settings/config_file.h settings/crop.h settings/recipe.h
    settings/scalar10.h settings/setting_list.h settings/settings.def settings/train_command.h settings/width_keys.h
    exchange/export/export.h exchange/import/import_net.h exchange/import/import_report.h
    train/data_options.h train/evaluate.h train/metrics.h train/observer.h train/step.h train/tensor_numbers.h train/test_logits.h
    train/trained_net.h train/trainer.h runs/training_run.h)

# Objects, because nothing within the library calls all that it offers; the archives after them bring the third parties along.
set(folders core isa ops nn optim models data io settings checkpoint train micro exchange runs)
list(TRANSFORM folders REPLACE "(.+)" "$<TARGET_OBJECTS:intrain_\\1>" OUTPUT_VARIABLE objects)
add_library(libintrain SHARED ${objects})
add_library(intrain::intrain ALIAS libintrain)
target_link_libraries(libintrain PRIVATE intrain_runs intrain_exchange intrain_hardening)
target_compile_features(libintrain INTERFACE cxx_std_20)
# Users write <intrain/nn/net.h>, the examples here too.
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/include)
file(CREATE_LINK ${PROJECT_SOURCE_DIR}/src ${PROJECT_BINARY_DIR}/include/intrain SYMBOLIC)
target_include_directories(libintrain INTERFACE "$<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include;${PROJECT_SOURCE_DIR}/src>")
# Below 1.0 a new minor version may break the interface, so it is part of the SONAME.
set_target_properties(libintrain PROPERTIES OUTPUT_NAME intrain EXPORT_NAME intrain VERSION ${PROJECT_VERSION}
                      SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR} LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}
                      LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/libintrain.map)
target_link_options(libintrain PRIVATE -Wl,--as-needed -Wl,--version-script=${PROJECT_SOURCE_DIR}/cmake/libintrain.map)

install(TARGETS libintrain EXPORT intrain INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS intrain)
# Installed headers name each other by intrain/ too, so that a user's own core/error.h cannot come in between.
set(headers ${PROJECT_BINARY_DIR}/public_headers)
install(CODE "set(from ${PROJECT_SOURCE_DIR}/src)\nset(to ${headers}/intrain)\nset(names ${INTRAIN_PUBLIC_HEADERS})" COMPONENT headers)
install(CODE [[
  file(REMOVE_RECURSE ${to})
  foreach(name IN LISTS names)
    file(READ ${from}/${name} text)
    string(REPLACE "#include \"" "#include \"intrain/" text "${text}")
    file(WRITE ${to}/${name} "${text}")
  endforeach()]] COMPONENT headers)
install(DIRECTORY ${headers}/intrain TYPE INCLUDE COMPONENT headers)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE TYPE DOC RENAME copyright)
# What messages and these pages point to.
foreach(page nets import micro contract)
  install(FILES ${PROJECT_SOURCE_DIR}/docs/${page}.md DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs)
endforeach()
install(FILES ${PROJECT_SOURCE_DIR}/examples/speedrun/net.toml DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples/speedrun)
install(FILES ${PROJECT_SOURCE_DIR}/examples/net.toml ${PROJECT_SOURCE_DIR}/examples/mobile.toml ${PROJECT_SOURCE_DIR}/examples/vgg.toml ${PROJECT_SOURCE_DIR}/examples/micro.toml
        DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/intrain)
include(CMakePackageConfigHelpers)
write_basic_package_version_file(intrain-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/intrain-config-version.cmake DESTINATION ${package_folder})
install(EXPORT intrain NAMESPACE intrain:: FILE intrain-config.cmake DESTINATION ${package_folder})

file(RELATIVE_PATH INTRAIN_PREFIX_FROM_PC /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${PROJECT_SOURCE_DIR}/cmake/intrain.pc.in intrain.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/intrain.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# cpack packs what was built, without building the tests first.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_CONTACT "The intrain authors <intrain@localhost>")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "A command-line tool and a C++20 library that train convolutional networks with 8-bit integers only,
and return the same bits on every machine.")
if(CMAKE_CROSSCOMPILING)
  string(REPLACE aarch64 arm64 CPACK_DEBIAN_PACKAGE_ARCHITECTURE ${INTRAIN_ARCHITECTURE})
endif()
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# What other packages that use the library depend on.
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "g++, cmake, pkg-config, dataset-fashion-mnist")
include(CPack)
