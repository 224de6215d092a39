# For 64-bit ARM from Debian on another architecture: the cross compiler, Debian's libraries of arm64 beside those of the machine, and QEMU to run
# what was built. tools/setup.sh arm64 installs them. On ARM itself this is not needed.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER_TARGET aarch64-linux-gnu)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static;-cpu;max)
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig)
# libonnx-dev, which cannot be installed for two architectures at once.
list(PREPEND CMAKE_PREFIX_PATH ${CMAKE_CURRENT_LIST_DIR}/../build/arm64-packages/usr)
