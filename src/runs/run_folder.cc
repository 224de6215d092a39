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
#include <fstream>
#include <optional>

#include "core/error.h"
#include "core/shell.h"
#include "core/text.h"
#include "data/source.h"
#include "io/atomic_file.h"
#include "runs/metrics_file.h"

namespace intrain {

namespace fs = std::filesystem;

namespace {

constexpr const char* kRuns = "runs";
constexpr int kMaxRuns = 1000000;
constexpr const char *kMetrics = "metrics.jsonl", *kEpochs = "epochs.csv";
constexpr const char *kBest = "best.ckpt", *kFinal = "final.ckpt", *kBroken = "broken.txt";
constexpr const char* kFiles[] = {"config.json", kMetrics, kEpochs, "curve.png", kBest, kFinal, kPhotos, kBroken};

// Whether something of the name is there, a link that leads nowhere too. What cannot be seen is not: the next who needs it says why.
bool is_there(const fs::path& path) {
  std::error_code ignored;
  const fs::file_type type = fs::symlink_status(path, ignored).type();
  return type != fs::file_type::not_found && type != fs::file_type::none;
}

[[noreturn]] void fail(const std::string& path, const std::string& reason) {
  throw Error("cannot make the run folder: " + reason, "--out " + path, "choose a folder that can be written with --out");
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
  for (const char* name : kFiles)
    if (is_there(fs::path(path) / name))
      throw Error("the folder already holds a run ('" + std::string(name) + "')", "--out " + path,
                  "choose another folder with --out, remove this one, or go on with its run: " + shell_flag("--resume", path));
}

// N of "step-<N>.ckpt".
std::optional<int64_t> step_of(const std::string& name) {
  constexpr std::string_view kHead = "step-", kTail = ".ckpt";
  if (!name.starts_with(kHead) || !name.ends_with(kTail)) return {};
  int64_t step = 0;
  const char* end = name.data() + name.size() - kTail.size();
  const auto [at, error] = std::from_chars(name.data() + kHead.size(), end, step);
  return error == std::errc() && at == end && step >= 0 ? std::optional(step) : std::nullopt;
}

std::string step_name(int64_t step) { return fmt::format("step-{:08}.ckpt", step); }

// The steps of the checkpoints of that name in `folder`, newest first.
std::vector<int64_t> saved_steps(const std::string& folder) {
  std::vector<int64_t> steps;
  std::error_code error;
  for (auto entry = fs::directory_iterator(folder, error); !error && entry != fs::directory_iterator(); entry.increment(error))
    if (const auto step = step_of(entry->path().filename().string())) steps.push_back(*step);
  if (error) throw Error("cannot read the folder: " + error.message(), folder, "check the folder and its permissions");
  std::sort(steps.rbegin(), steps.rend());
  return steps;
}

// Files of a run that io/atomic_file.h had not yet finished: "<name>.tmp.<process>".
void remove_half_written(const std::string& folder) {
  const auto is_ours = [](const std::string& name) {
    return std::find(std::begin(kFiles), std::end(kFiles), name) != std::end(kFiles) || step_of(name);
  };
  std::error_code error, ignored;
  for (auto entry = fs::directory_iterator(folder, error); !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const size_t end = name.find(".tmp.");
    if (end != std::string::npos && is_ours(name.substr(0, end))) fs::remove(entry->path(), ignored);
  }
}

}  // namespace

void check_run_folder(const std::string& folder, const std::string& where, const std::string& hint) {
  std::error_code reason;
  const fs::file_status status = fs::status(folder, reason);
  if (status.type() == fs::file_type::directory && access(folder.c_str(), X_OK) == 0) return;
  if (status.type() == fs::file_type::directory) reason = {errno, std::generic_category()};
  // Of a name that nothing has, or that something else has, there is no more to be said.
  const bool plain = status.type() == fs::file_type::not_found || !reason;
  throw Error(plain ? "there is no such folder" : "the folder cannot be entered: " + reason.message(), where, hint);
}

void check_config_file(const std::string& folder, const TrainConfig& then, const TrainConfig& now) {
  const std::string path = folder + "/config.json";
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return;
  std::vector<std::string> changes;
  const std::vector<Setting> before = settings_of(then), next = settings_of(now), file = settings_of(read_whole_config(path));
  for (size_t i = 0; i < file.size(); ++i) {
    // Those that --resume takes do not stand in the file if they came with it.
    constexpr const char* kFree[] = {"data", "threads", "save_every", "keep", "out"};
    const auto& [name, value] = file[i];
    if (value == before[i].value || value == next[i].value) continue;
    if (std::find(std::begin(kFree), std::end(kFree), name) != std::end(kFree)) continue;
    changes.push_back(fmt::format("{} is '{}' there and '{}' in the run", name, value, before[i].value));
  }
  if (!changes.empty())
    throw Error(fmt::format("the settings of a run cannot change while it goes on: {}", fmt::join(changes, ", ")), path,
                "put them back, or begin another run with them: intrain train " + shell_flag("--config", path));
}

ResumePoint find_resume_point(const std::string& folder) {
  check_run_folder(folder, "--resume " + folder, "give the run folder of a training");
  std::vector<std::string> names = {kFinal};
  for (const int64_t step : saved_steps(folder)) names.push_back(step_name(step));
  names.push_back(kBest);
  ResumePoint point;
  bool any = false;
  for (const std::string& name : names) {
    const std::string path = folder + "/" + name;
    if (!is_there(path)) continue;
    any = true;
    try {
      point.checkpoint = read_checkpoint(path);
      return point;
    } catch (const Error& e) {
      point.damaged.push_back(fmt::format("{}: {}", path, e.what()));
    }
  }
  if (!any)
    throw Error("the folder holds no checkpoint", "--resume " + folder,
                "give the run folder of a training; one that was stopped before its first step starts again with --config "
                "DIR/config.json");
  throw Error("no checkpoint of the folder can be read (" + point.damaged.front() + ")", "--resume " + folder,
              "the run is lost: train again with " + shell_flag("--config", folder + "/config.json"));
}

RunFolder::RunFolder(const TrainConfig& config)
    : keep_(config.keep), curve_(fmt::format("{} on {}", model_name(config), data_name(config.data))) {
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
    write_config(path_ + "/config.json", exact);
    open_metrics(O_CREAT | O_EXCL);
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

RunFolder::RunFolder(const TrainConfig& config, const CheckpointInfo& from)
    : path_(config.out), keep_(config.keep), curve_(fmt::format("{} on {}", model_name(config), data_name(config.data))) {
  lock();
  check_config_file(path_, from.config, config);
  remove_half_written(path_);
  keep_metrics_until(from, int64_t{config.batch} * config.accumulate);
  open_metrics(O_APPEND);
  if (config.tensorboard) tensorboard_ = std::make_unique<TensorBoardFile>(path_, from.step);
}

void RunFolder::set_broken(const std::vector<std::string>& files) {
  const std::string path = path_ + "/" + kBroken;
  std::error_code ignored;
  std::string lines;
  for (const std::string& file : files) lines += printable(file) + "\n";
  if (files.empty())
    fs::remove(path, ignored);
  else
    write_file(path, lines);
}

void RunFolder::set_config(const TrainConfig& config) { write_config(path_ + "/config.json", config); }

void RunFolder::set_photos(const PhotoList& photos) { write_file(path_ + "/" + kPhotos, photo_list_text(photos)); }

// One process at a time trains in a folder; the lock goes with the process, however it ends.
void RunFolder::lock() {
  lock_.fd = open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  is_others_ = lock_.fd >= 0 && flock(lock_.fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  if (is_others_)
    throw Error("another process is training in the folder", path_, "wait for it, or choose another folder with --out");
}

void RunFolder::open_metrics(int flags) {
  metrics_.fd = open((path_ + "/" + kMetrics).c_str(), O_WRONLY | O_CLOEXEC | flags, 0666);
  if (metrics_.fd >= 0) return;
  const int reason = errno;
  if ((flags & O_CREAT) != 0) fs::remove(path_ + "/config.json");
  fail(path_, std::strerror(reason));
}

// Lines that cannot be read (the machine went down as they were written) are left out too.
void RunFolder::keep_metrics_until(const CheckpointInfo& from, int64_t images_per_step) {
  const auto keep = [&](const StepReport& r) {
    if (r.step > from.step) return false;
    curve_.add_step(r.step, r.loss);
    earlier_epoch_seconds_ +=
        static_cast<double>(images_per_step) / std::max(r.images_per_second, 0.05);  // it is written with one digit
    return true;
  };
  const auto keep_epoch = [&](const EpochReport& r) {
    if (r.epoch > from.epoch) return false;
    curve_.add_epoch(r.epoch, r.train_accuracy, r.test_accuracy);
    add_to_csv(r);
    earlier_seconds_ = r.seconds;
    earlier_epoch_seconds_ = 0;
    return true;
  };
  AtomicFile kept(path_ + "/" + kMetrics);
  std::ifstream in(path_ + "/" + kMetrics);
  constexpr size_t kBlock = 1 << 16;
  std::string lines;
  metrics_bytes_ = 0;
  for (std::string line; next_metrics_line(in, line);) {
    const MetricsRecord record = parse_metrics_line(line);
    const auto* start = std::get_if<StartReport>(&record);
    const auto* step = std::get_if<StepReport>(&record);
    const auto* epoch = std::get_if<EpochReport>(&record);
    const auto* numbers = std::get_if<NumbersReport>(&record);
    if ((start != nullptr && start->step <= from.step) || (step != nullptr && keep(*step)) ||
        (epoch != nullptr && keep_epoch(*epoch)) || (numbers != nullptr && numbers->step <= from.step))
      lines += line + "\n";
    if (lines.size() < kBlock) continue;
    kept.write(lines.data(), lines.size());
    metrics_bytes_ += static_cast<int64_t>(lines.size());
    lines.clear();
  }
  kept.write(lines.data(), lines.size());
  metrics_bytes_ += static_cast<int64_t>(lines.size());
  kept.commit();
  earlier_seconds_ += earlier_epoch_seconds_;
}

void RunFolder::append(const std::string& line) {
  size_t done = 0;
  while (done < line.size()) {
    const ssize_t n = write(metrics_.fd, line.data() + done, line.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int reason = errno;
      // Leave whole lines only; if even this fails there is nothing more to be done.
      if (ftruncate(metrics_.fd, metrics_bytes_) != 0) errno = reason;
      throw Error(std::string("cannot write the file: ") + std::strerror(reason), path_ + "/" + kMetrics,
                  "free some space, or choose another folder with --out");
    }
    done += static_cast<size_t>(n);
  }
  metrics_bytes_ += static_cast<int64_t>(line.size());
}

void RunFolder::add_to_csv(const EpochReport& r) {
  epochs_csv_ += fmt::format("{},{},{:.6g},{:.6g},{:.6g},{:.6g},{:.1f},{:.3f}\n", r.epoch, r.step, r.train_loss, r.train_accuracy,
                             r.test_loss, r.test_accuracy, r.images_per_second, r.seconds);
}

void RunFolder::add(const StartReport& report) { append(metrics_line(report)); }

void RunFolder::add(const StepReport& report) {
  curve_.add_step(report.step, report.loss);
  append(metrics_line(report));
  if (tensorboard_) tensorboard_->add(report);
}

void RunFolder::add(int64_t step, const std::vector<LayerNumbers>& layers, int64_t stored_saturated) {
  append(metrics_line(step, layers, stored_saturated));
  if (tensorboard_) tensorboard_->add(step, layers);
}

void RunFolder::add(const EpochReport& report, const std::vector<Parameter*>& parameters) {
  curve_.add_epoch(report.epoch, report.train_accuracy, report.test_accuracy);
  add_to_csv(report);
  append(metrics_line(report));
  if (tensorboard_) {
    tensorboard_->add(report);
    tensorboard_->add(report.step, parameters);
  }
  write_file(path_ + "/" + kEpochs, epochs_csv_);
  curve_.write_png(curve_path());
}

// Those of steps after `step` are of a part of the run that was lost: they are written anew when it comes to them.
void RunFolder::keep_newest(int count, int64_t step) const {
  for (const int64_t saved : saved_steps(path_)) {
    if (saved > step || --count >= 0) continue;
    std::error_code ignored;
    fs::remove(path_ + "/" + step_name(saved), ignored);
  }
}

void RunFolder::save(const CheckpointInfo& info, const std::vector<StateArray>& state) {
  write_checkpoint(path_ + "/" + step_name(info.step), info, state);
  std::error_code ignored;
  fs::remove(path_ + "/" + kFinal, ignored);  // of a run that goes on past what was its end
  keep_newest(keep_, info.step);
}

void RunFolder::save_best(const CheckpointInfo& info, const std::vector<StateArray>& state) {
  write_checkpoint(path_ + "/" + kBest, info, state);
}

void RunFolder::save_final(const CheckpointInfo& info, const std::vector<StateArray>& state) {
  write_checkpoint(path_ + "/" + kFinal, info, state);
  keep_newest(keep_ - 1, info.step);
}

}  // namespace intrain
