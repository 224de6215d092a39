#include "runs/run_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <optional>

#include "core/error.h"
#include "core/shell.h"
#include "core/text.h"
#include "data/source.h"
#include "io/atomic_file.h"
#include "runs/metrics_file.h"
#include "runs/resume_point.h"
#include "runs/run_files.h"
#include "settings/config_file.h"

namespace intrain {

namespace fs = std::filesystem;

namespace {

constexpr const char* kRuns = "runs";
constexpr int kMaxRuns = 1000000;

[[noreturn]] void fail(const std::string& path, const std::string& reason) {
  throw Error("cannot make the run folder: " + reason, Setting{"out", path}, "choose a folder that can be written with `out`");
}

// Of a net in a file: the file's, without folder and ending.
std::string model_name(const TrainConfig& config) { return fs::path(config.model).stem().string(); }

// The topmost folder of `path` that is not there yet; empty if all are.
fs::path first_missing(const fs::path& path) {
  fs::path missing;
  for (fs::path p = path; !p.empty() && !fs::exists(p); p = p.parent_path()) missing = p;
  return missing;
}

// Makes the first free default folder. One that a run started at this moment makes first is that run's: create_directory tells.
std::string make_default(const TrainConfig& config) {
  fs::create_directories(kRuns);
  for (int n = 1; n < kMaxRuns; ++n)
    if (const std::string path = fmt::format("{}/{}-{}-{}", kRuns, data_name(config.data), model_name(config), n);
        !fs::exists(path) && fs::create_directory(path))
      return path;
  fail(kRuns, "too many runs");
}

// Removes the folders from `path` up to `top`, but none that holds something: another run may have begun there.
void remove_empty(fs::path path, const fs::path& top) {
  std::error_code ignored;
  for (; !path.empty(); path = path.parent_path()) {
    fs::remove(path, ignored);
    if (path == top) return;
  }
}

void refuse_used(const std::string& path) {
  for (const char* name : kRunFiles)
    if (is_there(fs::path(path) / name))
      throw Error("the folder already holds a run ('" + std::string(name) + "')", Setting{"out", path},
                  "choose another folder with `out`, remove this one, or go on with its run: " + shell_flag("--resume", path));
}

// Files of a run that io/atomic_file.h had not yet finished: "<name>.tmp.<process>".
void remove_half_written(const std::string& folder) {
  const auto is_ours = [](const std::string& name) {
    return std::find(std::begin(kRunFiles), std::end(kRunFiles), name) != std::end(kRunFiles) || step_of(name);
  };
  std::error_code error, ignored;
  for (auto entry = fs::directory_iterator(folder, error); !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const size_t end = name.find(".tmp.");
    if (end != std::string::npos && is_ours(name.substr(0, end))) fs::remove(entry->path(), ignored);
  }
}

}  // namespace

RunFolder::RunFolder(const TrainConfig& config) : keep_(config.keep) {
  fs::path made;  // the topmost folder made here, removed again on failure, but not if another process has begun there
  try {
    if (config.out.empty()) {
      made = first_missing(kRuns);
      path_ = make_default(config);
      if (made.empty()) made = path_;
    } else {
      path_ = config.out;
      while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
      std::error_code ignored;
      if (is_there(path_) && !fs::is_directory(path_, ignored)) fail(path_, "a file of this name is there");
      made = first_missing(path_);
      fs::create_directories(path_);
    }
    lock();
    refuse_used(path_);
    TrainConfig exact = config;
    exact.out = path_;
    write_config(path_ + "/" + kConfigFile, exact);
    if (const int reason = metrics_.open(path_ + "/" + kMetricsFile, AppendFile::Mode::kExclusive); reason != 0) {
      fs::remove(path_ + "/" + kConfigFile);
      fail(path_, std::strerror(reason));
    }
    if (config.tensorboard) tensorboard_ = std::make_unique<TensorBoardFile>(path_, 0);
  } catch (const fs::filesystem_error& e) {
    if (!made.empty()) remove_empty(path_.empty() ? kRuns : path_, made);
    fail(path_.empty() ? kRuns : path_, e.code().message());
  } catch (const Error&) {
    if (!made.empty() && !is_others_) remove_empty(path_.empty() ? kRuns : path_, made);
    throw;
  }
}

RunFolder::FileDescriptor::~FileDescriptor() {
  if (fd >= 0) close(fd);
}

RunFolder::RunFolder(const TrainConfig& config, const CheckpointInfo& from) : path_(config.out), keep_(config.keep) {
  lock();
  check_config_file(path_, from.config, config);
  remove_half_written(path_);
  const int64_t bytes = keep_metrics_until(from, int64_t{config.batch} * config.accumulate);
  if (const int reason = metrics_.open(path_ + "/" + kMetricsFile, AppendFile::Mode::kContinue, bytes); reason != 0)
    fail(path_, std::strerror(reason));
  if (config.tensorboard) tensorboard_ = std::make_unique<TensorBoardFile>(path_, from.step);
}

void RunFolder::set_broken(const std::vector<std::string>& files) {
  const std::string path = path_ + "/" + kBrokenFile;
  std::error_code ignored;
  std::string lines;
  for (const std::string& file : files) lines += printable(file) + "\n";
  if (files.empty())
    fs::remove(path, ignored);
  else
    write_file(path, lines);
}

void RunFolder::set_config(const TrainConfig& config) { write_config(path_ + "/" + kConfigFile, config); }

void RunFolder::set_photos(const PhotoList& photos) { write_file(path_ + "/" + kPhotosFile, photo_list_text(photos)); }

void RunFolder::begin_audit(const AuditStart& start) { audit_.open(path_ + "/" + kAuditFile, start); }

void RunFolder::add(const AuditEntry& entry) { audit_.add(entry); }

// One process at a time trains in a folder; the lock goes with the process, however it ends.
void RunFolder::lock() {
  lock_.fd = open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  is_others_ = lock_.fd >= 0 && flock(lock_.fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  if (is_others_)
    throw Error("another process is training in the folder", path_, "wait for it, or choose another folder with `out`");
}

// Lines that cannot be read (the machine went down as they were written) are left out too.
int64_t RunFolder::keep_metrics_until(const CheckpointInfo& from, int64_t images_per_step) {
  const auto keep = [&](const StepReport& r) {
    if (r.step > from.step) return false;
    earlier_.epoch_seconds +=
        static_cast<double>(images_per_step) / std::max(r.images_per_second, 0.05);  // it is written with one digit
    return true;
  };
  const auto keep_epoch = [&](const EpochReport& r) {
    if (r.epoch > from.epoch) return false;
    add_to_csv(r);
    earlier_.seconds = r.seconds;
    earlier_.epoch_seconds = 0;
    return true;
  };
  AtomicFile kept(path_ + "/" + kMetricsFile);
  constexpr size_t kBlock = 1 << 16;
  std::string lines;
  int64_t bytes = 0;
  read_metrics(path_ + "/" + kMetricsFile, [&](const MetricsRecord& record, const std::string& line) {
    const auto* start = std::get_if<StartReport>(&record);
    const auto* step = std::get_if<StepReport>(&record);
    const auto* epoch = std::get_if<EpochReport>(&record);
    const auto* numbers = std::get_if<NumbersReport>(&record);
    if ((start != nullptr && start->step <= from.step) || (step != nullptr && keep(*step)) ||
        (epoch != nullptr && keep_epoch(*epoch)) || (numbers != nullptr && numbers->step <= from.step))
      lines += line + "\n";
    if (lines.size() < kBlock) return;
    kept.write(lines.data(), lines.size());
    bytes += static_cast<int64_t>(lines.size());
    lines.clear();
  });
  kept.write(lines.data(), lines.size());
  bytes += static_cast<int64_t>(lines.size());
  kept.commit();
  earlier_.seconds += earlier_.epoch_seconds;
  return bytes;
}

void RunFolder::append(const std::string& line) { metrics_.append(line, "free some space, or choose another folder with `out`"); }

void RunFolder::add_to_csv(const EpochReport& r) {
  epochs_csv_ += fmt::format("{},{},{:.6g},{:.6g},{:.6g},{:.6g},{:.1f},{:.3f}\n", r.epoch, r.step, r.train_loss, r.train_accuracy,
                             r.test_loss, r.test_accuracy, r.images_per_second, r.seconds);
}

void RunFolder::add(const StartReport& report) { append(metrics_line(report)); }

void RunFolder::add(const StepReport& report) {
  append(metrics_line(report));
  if (tensorboard_) tensorboard_->add(report);
}

void RunFolder::add(int64_t step, const std::vector<LayerNumbers>& layers, int64_t stored_saturated) {
  append(metrics_line(step, layers, stored_saturated));
  if (tensorboard_) tensorboard_->add(step, layers);
}

void RunFolder::add(int64_t step, const std::vector<Parameter*>& parameters) {
  if (tensorboard_) tensorboard_->add(step, parameters);
}

void RunFolder::add(const EpochReport& report) {
  add_to_csv(report);
  append(metrics_line(report));
  if (tensorboard_) tensorboard_->add(report);
  write_file(path_ + "/" + kEpochsFile, epochs_csv_);
}

// Those of steps after `step` are of a part of the run that was lost: they are written anew when it comes to them.
void RunFolder::keep_newest(int count, int64_t step) const {
  for (const int64_t saved : saved_steps(path_)) {
    if (saved > step || --count >= 0) continue;
    std::error_code ignored;
    fs::remove(path_ + "/" + step_name(saved), ignored);
  }
}

void RunFolder::save(const CheckpointInfo& info, const std::vector<StateArray>& state, StateUse use) {
  const std::string name = use == StateUse::kBest ? kBestFile : use == StateUse::kFinal ? kFinalFile : step_name(info.step);
  audit_.sync();
  write_checkpoint(path_ + "/" + name, info, state);
  if (use == StateUse::kBest) return;
  if (use == StateUse::kFinal) return keep_newest(keep_ - 1, info.step);
  std::error_code ignored;
  fs::remove(path_ + "/" + kFinalFile, ignored);  // of a run that goes on past what was its end
  keep_newest(keep_, info.step);
}

}  // namespace intrain
