#include "runs/audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>
#include <numeric>

#include "checkpoint/signature.h"
#include "core/error.h"
#include "core/hash.h"
#include "runs/resume_point.h"
#include "runs/run_files.h"
#include "settings/config_file.h"
#include "train/data_fingerprint.h"
#include "train/fit.h"
#include "train/trained_net.h"
#include "train/trainer.h"

namespace intrain {

namespace {

// Compares what is computed again, and stops at the end of the part or at the first difference.
class Replay final : public TrainObserver {
 public:
  Replay(const AuditRecord& record, const AuditPart& part, const AuditOptions& options) : part_(part), options_(options) {
    for (const AuditEntry& entry : record.entries)
      if (entry.step >= part.first && entry.step <= part.last) expected_[entry.step] = entry.state;
  }
  void on_signature(int64_t step, uint64_t signature) override {
    const auto entry = expected_.find(step);
    if (entry == expected_.end() || entry->second == signature || wrong_) return;
    wrong_ = step;
    stop_ = 1;
  }
  void on_step(const StepReport& report) override {
    if (options_.on_step) options_.on_step(report.step);
    if (report.step >= part_.last) stop_ = 1;
  }
  // The first step whose state is not the recorded one.
  std::optional<int64_t> wrong() const { return wrong_; }
  const std::atomic<int>* stop() const { return &stop_; }
  // How often hashes must be taken, for all entries but those at the ends of epochs.
  int64_t every(int64_t per_epoch) const {
    constexpr int64_t kMost = 1'000'000'000;  // of the setting
    int64_t every = 0;
    for (const auto& [step, state] : expected_)
      if (step % per_epoch != 0) every = std::gcd(every, step);
    return every <= kMost ? every : std::gcd(every, kMost);
  }

 private:
  const AuditPart part_;
  const AuditOptions& options_;
  std::map<int64_t, uint64_t> expected_;
  std::optional<int64_t> wrong_;
  std::atomic<int> stop_{0};
};

// The first array of the checkpoint that is not as in `state`; empty: all are.
std::string different_array(const Checkpoint& checkpoint, const std::vector<StateArray>& state) {
  for (size_t i = 0; i < state.size(); ++i) {
    const StateArray& a = state[i];
    if (i >= checkpoint.arrays.size()) return a.name;
    const CheckpointArray& b = checkpoint.arrays[i];
    if (a.name != b.name || a.type != b.type || a.count != b.count ||
        std::memcmp(a.data, checkpoint.bytes.data() + b.offset, static_cast<size_t>(a.count * element_bytes(a.type))) != 0)
      return a.name;
  }
  return checkpoint.arrays.size() > state.size() ? checkpoint.arrays[state.size()].name : "";
}

// What the header says of the net and its images that is not as in `right`; empty: all is.
std::string different_header(const CheckpointInfo& info, const CheckpointInfo& right) {
  if (info.model != right.model) return "the model";
  if (info.h != right.h || info.w != right.w || info.c != right.c) return "the size of the images";
  if (info.classes != right.classes) return "the number of classes";
  if (info.class_names != right.class_names) return "the names of the classes";
  if (info.normalization != right.normalization) return "the normalization of the pixels";
  return "";
}

std::string change_text(const std::string& file, const SettingChange& change) {
  return fmt::format("{}: {} is '{}' there and '{}' in the record", file, change.name, change.to, change.from);
}

}  // namespace

Audit::Audit(const std::string& folder) : folder_(folder) {
  check_run_folder(folder, "", "give the run folder of a training");
  const auto path = [&](const std::string& name) { return folder + "/" + name; };
  if (!is_there(path(kAuditFile)))
    throw Error("the folder holds no record of an audit", path(kAuditFile),
                "give the run folder of a training; one of an older program gets a record when it goes on");
  record_ = read_audit_record(path(kAuditFile));
  if (record_.starts.empty() && !record_.broken)
    throw Error("the record is empty", path(kAuditFile), "give the run folder of a training that has begun");
  config_ = read_whole_config(path(kConfigFile));
  std::vector<std::string> names;
  for (const int64_t step : saved_steps(folder)) names.push_back(step_name(step));
  for (const char* name : {kFinalFile, kBestFile})
    if (is_there(path(name))) names.emplace_back(name);
  std::map<int64_t, Saved> by_step;
  std::vector<uint64_t> hashes;
  if (begins()) by_step[0] = {0, {}};
  for (const std::string& name : names) {
    const Checkpoint checkpoint = read_checkpoint(path(name));
    hashes.push_back(hash64(checkpoint.bytes.data(), checkpoint.bytes.size()));
    const int64_t step = checkpoint.info.step;
    Saved& saved = by_step.try_emplace(step, Saved{step, {}}).first->second;
    saved.files.push_back({path(name), state_signature(checkpoint)});
    if (record_.starts.empty()) continue;
    const AuditStart& start = record_.starts.front();
    for (const SettingChange& change : changes(start.settings, audited_settings(checkpoint.info.config), true))
      wrong_headers_.push_back(change_text(path(name), change));
    if (!begins() || !checkpoint.info.data) continue;
    for (const std::string& what : changes(start.data, *checkpoint.info.data))
      wrong_headers_.push_back(fmt::format("{}: {} are not those of the record", path(name), what));
  }
  for (auto& [step, saved] : by_step) saved_.push_back(std::move(saved));
  if (saved_.empty())
    throw Error("the folder holds no checkpoint, and its record does not begin with the run", folder,
                "give the run folder of a training as the run left it");
  set_fingerprint(hashes);
}

void Audit::set_fingerprint(const std::vector<uint64_t>& checkpoints) {
  Hash64 hash;
  const auto add = [&](const std::string& text) { hash.add(text.c_str(), text.size() + 1); };
  hash.add(checkpoints.data(), checkpoints.size() * sizeof checkpoints[0]);
  add(record_.chain);  // which covers the lines before
  add(std::to_string(record_.broken ? record_.broken->line : 0));
  for (const Setting& setting : audited_settings(config_)) add(setting.name + "=" + setting.value);
  fingerprint_ = hash.digest();
}

std::vector<std::string> Audit::wrong_files() const {
  std::vector<std::string> list;
  if (record_.broken)
    list.push_back(fmt::format("{}/{}: line {}, of step {}, does not go on from those before it: the record was edited", folder_,
                               kAuditFile, record_.broken->line, record_.broken->step));
  if (record_.starts.empty()) return list;
  for (const SettingChange& change : changes(record_.starts.back().settings, audited_settings(config_), false))
    list.push_back(change_text(folder_ + "/" + kConfigFile, change));
  for (const AuditStart& start : record_.starts)
    for (const SettingChange& change : changes(record_.starts.front().settings, start.settings, true))
      list.push_back(fmt::format("{}/{}: {} became '{}' at step {}, which no run does", folder_, kAuditFile, change.name,
                                 change.to, start.step));
  list.insert(list.end(), wrong_headers_.begin(), wrong_headers_.end());
  return list;
}

std::vector<std::string> Audit::wrong_data(const DataSplits& data) const {
  std::vector<std::string> list;
  const DataFingerprint found = fingerprint_of(data);
  for (const AuditStart& start : record_.starts)
    for (const std::string& what : changes(start.data, found))
      list.push_back(fmt::format("{}: {} are not those that were recorded at step {}", data.spec, what, start.step));
  return list;
}

std::optional<uint64_t> Audit::recorded(int64_t step) const {
  for (const AuditEntry& entry : record_.entries)
    if (entry.step == step) return entry.state;
  return {};
}

std::optional<std::string> Audit::beyond(int64_t step, const DataSplits& data) const {
  const int64_t steps = int64_t{data.train.count / config_.batch / config_.accumulate} * config_.epochs;
  if (step <= steps) return {};
  return fmt::format("the training ends after step {}, the record only after step {}", steps, step);
}

const Audit::Saved* Audit::saved_at(int64_t step) const {
  const auto at = std::find_if(saved_.begin(), saved_.end(), [&](const Saved& saved) { return saved.step == step; });
  return at == saved_.end() ? nullptr : &*at;
}

std::optional<std::string> Audit::wrong_state(const Saved& saved) const {
  if (const std::optional<uint64_t> entry = recorded(saved.step))
    for (const File& file : saved.files)
      if (file.signature != *entry)
        return fmt::format("{} is not the state that was recorded after step {}", file.path, saved.step);
  return {};
}

std::vector<std::string> Audit::wrong_states(const std::vector<AuditPart>& replayed) const {
  std::vector<std::string> list;
  for (const Saved& saved : saved_) {
    const bool compared = std::any_of(replayed.begin(), replayed.end(),
                                      [&](const AuditPart& part) { return part.first == saved.step || part.last == saved.step; });
    if (compared) continue;
    if (const std::optional<std::string> wrong = wrong_state(saved)) list.push_back(*wrong);
  }
  return list;
}

std::vector<AuditPart> Audit::parts() const {
  std::vector<AuditPart> list;
  for (size_t i = 1; i < saved_.size(); ++i) list.push_back({saved_[i - 1].step, saved_[i].step});
  if (!record_.entries.empty() && record_.entries.back().step > saved_.back().step)
    list.push_back({saved_.back().step, record_.entries.back().step});
  return list;
}

TrainConfig Audit::replayed(int threads) const {
  TrainConfig config = config_;
  config.threads = threads;
  config.out = folder_;  // it may have been moved
  config.save_every = 0;
  return config;
}

std::optional<Checkpoint> Audit::state_at(const Saved& saved) const {
  if (saved.step == 0 && begins()) return {};
  return read_checkpoint(saved.files.front().path);
}

void Audit::train_on(Trainer& trainer, TrainObserver& observer, const std::atomic<int>* stop) {
  try {
    trainer.fit(observer, stop);
  } catch (const LoadFailure& e) {
    e.throw_as(e);
  }
}

std::optional<std::string> Audit::replay(const AuditPart& part, const DataSplits& data, const AuditOptions& options) const {
  const Saved& from = *saved_at(part.first);
  if (const std::optional<std::string> wrong = wrong_state(from)) return wrong;
  const std::optional<Checkpoint> resume = state_at(from);
  Replay replay(record_, part, options);
  TrainConfig config = replayed(options.threads);
  check_fit(config, data.train);
  if (const std::optional<std::string> wrong = beyond(part.last, data)) return wrong;
  // That of a run that began with a checkpoint is the checkpoint's.
  if (resume && config.init_from.empty())
    if (const std::string what = different_header(resume->info, make_info(config, data, normalization_of(config, data.train)));
        !what.empty())
      return fmt::format("{}: {} is not what the data give", resume->path, what);
  const int64_t per_epoch = data.train.count / config.batch / config.accumulate;
  config.audit_every = static_cast<int>(replay.every(per_epoch));
  Trainer trainer(config, data, {.resume = resume ? &*resume : nullptr, .runtime = options.runtime});
  train_on(trainer, replay, replay.stop());
  if (replay.wrong())
    return fmt::format("after step {} the state is not the one recorded, computed from {}", *replay.wrong(),
                       resume ? resume->path : "the beginning");
  if (trainer.steps_done() < part.last)
    return fmt::format("the training ends after step {}, the record does not", trainer.steps_done());
  const Saved* to = saved_at(part.last);
  if (to == nullptr) return {};
  const CheckpointInfo right = make_info(config, data, trainer.normalization());
  for (const File& file : to->files) {
    const Checkpoint checkpoint = read_checkpoint(file.path);
    std::string what = different_array(checkpoint, trainer.net().state());
    if (what.empty()) what = different_header(checkpoint.info, right);
    if (!what.empty()) return fmt::format("{}: {} is not what step {} gives", file.path, what, part.last);
  }
  return {};
}

}  // namespace intrain
