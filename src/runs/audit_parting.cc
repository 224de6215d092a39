// Where two runs part.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>

#include "checkpoint/signature.h"
#include "core/error.h"
#include "runs/audit.h"
#include "train/fit.h"
#include "train/trainer.h"

namespace intrain {

namespace {

// Hashes every array after each of some steps.
class Tracer final : public TrainObserver {
 public:
  Tracer(Trainer& trainer, int64_t first, int64_t last, const AuditOptions& options)
      : trainer_(trainer), first_(first), last_(last), options_(options) {}
  void take(int64_t step) {
    if (step < first_ || step > last_) return;
    const std::vector<StateArray> state = trainer_.net().state();
    ArrayHashes& taken = list_.emplace_back(ArrayHashes{step, state_signature(state, step), {}, array_hashes(state)});
    for (const StateArray& a : state) taken.names.push_back(a.name);
  }
  void on_step(const StepReport& report) override {
    take(report.step);
    if (options_.on_step) options_.on_step(report.step);
    if (report.step >= last_) stop_ = 1;
  }
  const std::atomic<int>* stop() const { return &stop_; }
  std::vector<ArrayHashes>& list() { return list_; }

 private:
  Trainer& trainer_;
  const int64_t first_, last_;
  const AuditOptions& options_;
  std::vector<ArrayHashes> list_;
  std::atomic<int> stop_{0};
};

}  // namespace

AuditParting parting(const AuditRecord& a, const AuditRecord& b) {
  std::map<int64_t, uint64_t> others;
  for (const AuditEntry& entry : b.entries) others[entry.step] = entry.state;
  AuditParting result;
  for (const AuditEntry& entry : a.entries) {
    const auto other = others.find(entry.step);
    if (other == others.end()) continue;
    if (other->second != entry.state) {
      result.different = entry.step;
      break;
    }
    result.same = entry.step;
  }
  return result;
}

std::vector<ArrayHashes> Audit::trace(int64_t first, int64_t last, const DataSplits& data, const AuditOptions& options) const {
  const Saved* from = nullptr;
  for (const Saved& saved : saved_)
    if (saved.step <= first) from = &saved;
  if (from == nullptr)
    throw Error(fmt::format("no state before step {} is there to compute from", first), folder_,
                "keep more checkpoints, with `keep`, or the record from the run's beginning on");
  const std::optional<Checkpoint> resume = state_at(*from);
  TrainConfig config = replayed(options.threads);
  config.audit_every = 0;
  const char* const hint = "give the run folder as the run left it";
  check_fit(config, data.train);
  if (const std::optional<std::string> wrong = beyond(last, data)) throw Error(*wrong, folder_, hint);
  Trainer trainer(config, data, {.resume = resume ? &*resume : nullptr, .runtime = options.runtime});
  Tracer tracer(trainer, first, last, options);
  tracer.take(from->step);
  if (from->step < last) train_on(trainer, tracer, tracer.stop());
  if (tracer.list().empty() || tracer.list().back().step != last)
    throw Error(fmt::format("the training ends after step {}, the record only after step {}", trainer.steps_done(), last),
                folder_, hint);
  return std::move(tracer.list());
}

std::optional<ArrayDifference> first_difference(const std::vector<ArrayHashes>& a, const std::vector<ArrayHashes>& b) {
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const size_t arrays = std::max(a[i].names.size(), b[i].names.size());
    for (size_t j = 0; j < arrays; ++j) {
      if (j >= a[i].names.size()) return ArrayDifference{a[i].step, b[i].names[j]};
      if (j >= b[i].names.size() || a[i].names[j] != b[i].names[j] || a[i].hashes[j] != b[i].hashes[j])
        return ArrayDifference{a[i].step, a[i].names[j]};
    }
  }
  return {};
}

}  // namespace intrain
