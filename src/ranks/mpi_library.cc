#include "ranks/mpi_library.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/error.h"
#include "core/version.h"

namespace intrain {

namespace fs = std::filesystem;

namespace {

constexpr const char *kFile = "intrain_mpi.so", *kVariable = "INTRAIN_MPI";

std::string path_of_plugin(const std::string& folder) {
  const char* const named = std::getenv(kVariable);
  return named != nullptr && *named != '\0' ? named : (fs::path(folder) / kFile).string();
}

}  // namespace

std::string folder_of_program() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).parent_path().string();
}

const IntrainMpiPlugin& load_mpi_plugin(const Launch& launch, const std::string& folder) {
  const std::string path = path_of_plugin(folder);
  const std::string started = launch.launcher + " started several ranks, ";
  std::error_code ignored;
  if (!fs::exists(path, ignored))
    throw Error(started + "and the plug-in that lets them train together is not there", path,
                "build it with 'make mpi', say where it is with " + std::string(kVariable) + ", or start one process without " +
                    launch.launcher);
  // Global: what MPI loads itself may look for its symbols.
  void* const handle = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  using Entry = const IntrainMpiPlugin* (*)();
  const auto entry = handle == nullptr ? nullptr : reinterpret_cast<Entry>(dlsym(handle, "intrain_mpi_plugin"));
  if (entry == nullptr) {
    const char* reason = dlerror();
    throw Error(
        started + "and the plug-in that lets them train together cannot be loaded: " + (reason ? reason : "it has no entry"),
        path, "install the MPI that it was built with, or build it again with 'make mpi'");
  }
  const IntrainMpiPlugin& plugin = *entry();
  if (plugin.abi != kIntrainMpiAbi || plugin.bytes != static_cast<int32_t>(sizeof plugin) ||
      plugin.version != std::string(kVersion))
    throw Error("the plug-in is that of another intrain than this one, which is " + std::string(kVersion), path,
                "build it again with 'make mpi'");
  return plugin;
}

}  // namespace intrain
