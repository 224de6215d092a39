#include "runs/run_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/error.h"
#include "core/shell.h"

namespace intrain {

namespace fs = std::filesystem;

bool is_there(const fs::path& path) {
  std::error_code ignored;
  const fs::file_type type = fs::symlink_status(path, ignored).type();
  return type != fs::file_type::not_found && type != fs::file_type::none;
}

std::optional<int64_t> step_of(const std::string& name) {
  constexpr std::string_view kHead = "step-", kTail = ".ckpt";
  if (!name.starts_with(kHead) || !name.ends_with(kTail)) return {};
  int64_t step = 0;
  const char* end = name.data() + name.size() - kTail.size();
  const auto [at, error] = std::from_chars(name.data() + kHead.size(), end, step);
  return error == std::errc() && at == end && step >= 0 ? std::optional(step) : std::nullopt;
}

std::string step_name(int64_t step) { return fmt::format("step-{:08}.ckpt", step); }

std::vector<int64_t> saved_steps(const std::string& folder) {
  std::vector<int64_t> steps;
  std::error_code error;
  for (auto entry = fs::directory_iterator(folder, error); !error && entry != fs::directory_iterator(); entry.increment(error))
    if (const auto step = step_of(entry->path().filename().string())) steps.push_back(*step);
  if (error) throw Error("cannot read the folder: " + error.message(), folder, "check the folder and its permissions");
  std::sort(steps.rbegin(), steps.rend());
  return steps;
}

std::string resume_command(const std::string& folder, int ranks) {
  return (ranks > 1 ? "mpirun -n N " : "") + ("intrain train " + shell_flag("--resume", folder));
}

}  // namespace intrain
