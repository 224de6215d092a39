// Whether the record of a run (runs/audit_record.h) is what its data and settings give, and where two runs part: by computing parts of them again.
//
// A part goes from one state that is there to the next: from the beginning, or a checkpoint, to a checkpoint. What was recorded between is compared
// by its hash, the checkpoint at the end by its arrays, byte by byte, and by what its header says of the net and its images. Each part that is
// found right was computed from its beginning; all of them together were from data and settings alone.
//
// Ranks compute a part together: all ask for the same parts in the same order, of folders and data that are the same on all, and get the same answer.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "nn/runtime.h"
#include "runs/audit_record.h"
#include "settings/config.h"

namespace intrain {

class Trainer;
class TrainObserver;

// Steps done.
struct AuditPart {
  int64_t first, last;
};

struct AuditOptions {
  int threads = 1;
  // What it computes with; null: one of so many threads.
  std::shared_ptr<Runtime> runtime = nullptr;
  // Called after each step that was computed again.
  std::function<void(int64_t step)> on_step = {};
};

// The hashes of each array of a run's state.
struct ArrayHashes {
  int64_t step;
  uint64_t state;  // its signature
  std::vector<std::string> names;
  std::vector<uint64_t> hashes;
};

class Audit {
 public:
  // Reads the folder of a run: config.json, audit.jsonl and all checkpoints. Throws Error if one of them is damaged, or none is there.
  explicit Audit(const std::string& folder);

  const std::string& folder() const { return folder_; }
  // That of the run's end.
  const TrainConfig& config() const { return config_; }
  const AuditRecord& record() const { return record_; }
  // Of all that was read: on ranks whether all have the same folder.
  uint64_t fingerprint() const { return fingerprint_; }

  // What is wrong with the files by themselves, and with these data: a line each; empty if nothing is. Only then may parts be replayed.
  std::vector<std::string> wrong_files() const;
  std::vector<std::string> wrong_data(const DataSplits& data) const;
  // The checkpoints that are not the state that was recorded after their step, but for those at the ends of `replayed`, which replay() compares.
  std::vector<std::string> wrong_states(const std::vector<AuditPart>& replayed) const;

  // All parts in their order: from the first state that the run can be computed from. None where that is the only one, and the record's last.
  std::vector<AuditPart> parts() const;
  // What is wrong, in one line, if something is. Throws Error if the part cannot be computed.
  std::optional<std::string> replay(const AuditPart& part, const DataSplits& data, const AuditOptions& options) const;

  // The arrays after each of the steps first .. last. Throws Error if the training ends before.
  std::vector<ArrayHashes> trace(int64_t first, int64_t last, const DataSplits& data, const AuditOptions& options) const;

 private:
  struct File {
    std::string path;
    uint64_t signature;
  };
  // A state that is there: the beginning, or checkpoints.
  struct Saved {
    int64_t step;
    std::vector<File> files;
  };
  void set_fingerprint(const std::vector<uint64_t>& checkpoints);
  bool begins() const { return !record_.starts.empty() && record_.starts.front().step == 0; }
  std::optional<uint64_t> recorded(int64_t step) const;
  // Why a step that was recorded is none of the training's; nothing if it may be.
  std::optional<std::string> beyond(int64_t step, const DataSplits& data) const;
  std::optional<std::string> wrong_state(const Saved& saved) const;
  const Saved* saved_at(int64_t step) const;
  // To go on from; nothing: from the beginning.
  std::optional<Checkpoint> state_at(const Saved& saved) const;
  TrainConfig replayed(int threads) const;
  static void train_on(Trainer& trainer, TrainObserver& observer, const std::atomic<int>* stop);

  const std::string folder_;
  TrainConfig config_;
  AuditRecord record_;
  std::vector<Saved> saved_;  // by step
  std::vector<std::string> wrong_headers_;
  uint64_t fingerprint_ = 0;
};

// Where two records part.
struct AuditParting {
  int64_t same = -1;                 // the last step at which both recorded the same state; -1: none
  std::optional<int64_t> different;  // the first after it at which both recorded one, and not the same
};
AuditParting parting(const AuditRecord& a, const AuditRecord& b);

struct ArrayDifference {
  int64_t step;
  std::string array;
};
// The first one between the traces of two runs over the same steps.
std::optional<ArrayDifference> first_difference(const std::vector<ArrayHashes>& a, const std::vector<ArrayHashes>& b);

}  // namespace intrain
