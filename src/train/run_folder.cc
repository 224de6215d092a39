#include "train/run_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/error.h"
#include "data/source.h"

namespace intrain {

namespace fs = std::filesystem;

namespace {

constexpr const char* kRuns = "runs";
constexpr int kMaxRuns = 1000000;
constexpr const char* kFiles[] = {"config.json", "metrics.jsonl", "curve.png", "best.ckpt", "final.ckpt"};

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
    if (fs::exists(fs::path(path) / name))
      throw Error("the folder already holds a run ('" + std::string(name) + "')", "--out " + path,
                  "choose another folder with --out, or remove this one");
}

}  // namespace

RunFolder::RunFolder(const TrainConfig& config) : curve_(fmt::format("{} on {}", model_name(config), data_name(config.data))) {
  fs::path made;  // the topmost folder made here, removed again on failure
  try {
    if (config.out.empty()) {
      made = first_missing(kRuns);
      path_ = make_default(config);
      if (made.empty()) made = path_;
    } else {
      path_ = config.out;
      while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
      if (fs::exists(path_) && !fs::is_directory(path_)) fail(path_, "a file of this name is there");
      refuse_used(path_);
      made = first_missing(path_);
      fs::create_directories(path_);
    }
    TrainConfig exact = config;
    exact.out = path_;
    write_config(path_ + "/config.json", exact);
    metrics_fd_ = open((path_ + "/metrics.jsonl").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (metrics_fd_ < 0) {
      const int reason = errno;
      fs::remove(path_ + "/config.json");
      fail(path_, std::strerror(reason));
    }
  } catch (const fs::filesystem_error& e) {
    if (!made.empty()) remove_empty(path_.empty() ? kRuns : path_, made);
    fail(path_.empty() ? kRuns : path_, e.code().message());
  } catch (const Error&) {
    if (!made.empty()) remove_empty(path_.empty() ? kRuns : path_, made);
    throw;
  }
}

RunFolder::~RunFolder() {
  if (metrics_fd_ >= 0) close(metrics_fd_);
}

void RunFolder::append_line(const std::string& line) {
  size_t done = 0;
  while (done < line.size()) {
    const ssize_t n = write(metrics_fd_, line.data() + done, line.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int reason = errno;
      // Leave whole lines only; if even this fails there is nothing more to be done.
      if (ftruncate(metrics_fd_, metrics_bytes_) != 0) errno = reason;
      throw Error(std::string("cannot write the file: ") + std::strerror(reason), path_ + "/metrics.jsonl",
                  "free some space, or choose another folder with --out");
    }
    done += static_cast<size_t>(n);
  }
  metrics_bytes_ += static_cast<int64_t>(line.size());
}

void RunFolder::add(const StepReport& r) {
  curve_.add_step(r.step, r.loss);
  append_line(fmt::format(
      R"({{"type": "step", "step": {}, "epoch": {}, "loss": {:.6g}, "accuracy": {:.6g}, "lr": {:.6g}, "images_per_second": {:.1f}}})"
      "\n",
      r.step, r.epoch, r.loss, r.accuracy, r.rate, r.images_per_second));
}

void RunFolder::add(int64_t step, const std::vector<LayerNumbers>& layers, int64_t stored_saturated) {
  std::string line =
      fmt::format(R"({{"type": "numbers", "step": {}, "stored_saturated": {}, "layers": {{)", step, stored_saturated);
  for (const LayerNumbers& layer : layers) {
    line += fmt::format(R"({}"{}": {{)", &layer == layers.data() ? "" : ", ", layer.layer);
    bool first = true;
    for (int kind = 0; kind < kTensorKinds; ++kind) {
      const TensorNumbers& n = layer.tensor[kind];
      if (n.count == 0) continue;
      const double count = static_cast<double>(n.count);
      line += fmt::format(R"({}"{}": [{}, {:.4g}, {:.4g}])", first ? "" : ", ", tensor_name(static_cast<TensorKind>(kind)), n.exp,
                          static_cast<double>(n.zeros) / count, static_cast<double>(n.saturated) / count);
      first = false;
    }
    line += "}";
  }
  append_line(line + "}}\n");
}

void RunFolder::add(const EpochReport& r) {
  curve_.add_epoch(r.epoch, r.train_accuracy, r.test_accuracy);
  append_line(fmt::format(
      R"({{"type": "epoch", "epoch": {}, "step": {}, "train_loss": {:.6g}, "train_accuracy": {:.6g}, "test_loss": {:.6g}, )"
      R"("test_accuracy": {:.6g}, "best": {}, "images_per_second": {:.1f}, "seconds": {:.3f}}})"
      "\n",
      r.epoch, r.step, r.train_loss, r.train_accuracy, r.test_loss, r.test_accuracy, r.best, r.images_per_second, r.seconds));
  curve_.write_png(curve_path());
}

void RunFolder::save_best(const CheckpointInfo& info, const std::vector<StateArray>& state) {
  write_checkpoint(path_ + "/best.ckpt", info, state);
}

void RunFolder::save_final(const CheckpointInfo& info, const std::vector<StateArray>& state) {
  write_checkpoint(path_ + "/final.ckpt", info, state);
}

}  // namespace intrain
