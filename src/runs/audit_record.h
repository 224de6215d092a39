// The file audit.jsonl of a run folder: hashes of the run's whole state, each entry covering all before it.
//
//   {"step": 0, "settings": {"model": "resnet8", ...}, "data": {"train_labels": "0123456789abcdef", ...}, "chain": "0123456789abcdef"}
//   {"step": 0, "state": "0123456789abcdef", "chain": "0123456789abcdef"}
//   {"step": 100, "state": "0123456789abcdef", "chain": "0123456789abcdef"}
//
// The first kind begins the record, and another follows where the run went on with other epochs or patience, or without photos that are gone:
// the settings that decide what is computed, by their names, as texts (settings_of), and the data's fingerprint. The second kind is the state's
// signature (checkpoint/signature.h) before the first step, after every audit_every-th, and after the last of each epoch. chain: XXH3-64 of the
// chain of the line before, its 16 digits, and of this line up to ", \"chain\"".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "core/error.h"
#include "io/append_file.h"
#include "settings/config.h"

namespace intrain {

// With what a run computes from a step on.
struct AuditStart {
  int64_t step = 0;
  std::vector<Setting> settings;
  DataFingerprint data;
};
struct AuditEntry {
  int64_t step = 0;
  uint64_t state = 0;
};

struct AuditRecord {
  std::vector<AuditStart> starts;
  std::vector<AuditEntry> entries;  // in the order of their steps
  std::string chain;                // of the last line; empty: there is none
  // The first line that does not cover those before it, with its step: it, or one before, was edited, added or taken out. Nothing after it is read.
  struct Break {
    int64_t line, step;
  };
  std::optional<Break> broken;
};

// Those that decide what a run computes: not where and on how much it does, nor what it writes.
std::vector<Setting> audited_settings(const TrainConfig& config);
struct SettingChange {
  std::string name, from, to;
};
// In what the settings `b` are others than `a`. but_length: let epochs and patience be others, for a run may become longer.
std::vector<SettingChange> changes(const std::vector<Setting>& a, const std::vector<Setting>& b, bool but_length);
// The same of data: "the training images".
std::vector<std::string> changes(const DataFingerprint& a, const DataFingerprint& b);

// Throws Error, naming the file and the line, for what is no record.
AuditRecord read_audit_record(const std::string& path);

class AuditWriter {
 public:
  // The record at `path` of a run that is at start.step: what it tells of later steps is taken out, and so is a last line that was not wholly
  // written; without a file it begins here. `start` is added unless the last one is the same but for its step. Throws Error if the file is damaged
  // or cannot be written.
  void open(const std::string& path, const AuditStart& start);
  // Does nothing if the record of a run that goes on has the step already.
  void add(const AuditEntry& entry);
  // Before a checkpoint is written: the record is then never behind it.
  void sync();

 private:
  void append(const std::string& body);

  AppendFile file_;
  std::string chain_;
  int64_t last_ = -1;  // step of the last entry
};

}  // namespace intrain
