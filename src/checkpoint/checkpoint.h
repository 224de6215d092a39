// Checkpoints: all state of a training run in one file.
//
// Layout, little-endian:
//   8 bytes   magic "intrain" and a zero
//   u32       version: 3; 1 and 2 are read too
//   u32       bytes of the header
//   header    JSON (UTF-8): the members of CheckpointInfo, and "arrays": name, type ("s16", "s32", "s64"), count, and
//             the offset in bytes from the start of the arrays
//   zeros     up to a multiple of 8
//   arrays    each from a multiple of 8 on, in the order of the table, gaps zero
//   u64       XXH3-64 of everything before it
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/api.h"
#include "base/sgd_step.h"
#include "nn/state.h"
#include "settings/config.h"

namespace intrain {

// Of the images that a run began with: XXH3-64 each.
struct DataFingerprint {
  uint64_t train_labels = 0, train_images = 0, test_labels = 0, test_images = 0;
  bool operator==(const DataFingerprint&) const = default;
};

// What a device took its last steps with: the last so many layers with parameters learned, at this rate, which no setting may hold.
struct DeviceSteps {
  int learning_layers = 0;
  Scalar10 rate;
};

struct CheckpointInfo {
  std::string model;                     // models/models.h
  int h = 0, w = 0, c = 0, classes = 0;  // of the net's input and output
  std::vector<std::string> class_names;  // may be empty
  TrainConfig config;
  int64_t step = 0;                                       // done
  int64_t epoch = 0;                                      // done and evaluated; steps beyond them are of the next one
  int64_t best_hits = 0, best_epoch = 0, test_count = 0;  // best test accuracy so far: best_hits / test_count, after best_epoch
  int64_t train_count = 0;                                // training images; 0: not known (version 1)
  std::optional<DataFingerprint> data;                    // runs/run_data.h; not in older files
  // Sums over the images of the unfinished epoch (train/metrics.h): for its report alone.
  int64_t epoch_count = 0, epoch_hits = 0;
  int64_t epoch_loss = 0;             // of kLossExp (base/loss_format.h); until version 2 floating point
  std::vector<int8_t> normalization;  // [c][256], see data/dataset.h
  std::optional<DeviceSteps> device;  // of a checkpoint that is the state of a device (exchange/firmware/device_state.h)
};

struct CheckpointArray {
  std::string name;
  ElementType type;
  int64_t count;
  int64_t offset;  // in Checkpoint::bytes
};

struct Checkpoint {
  std::string path;
  CheckpointInfo info;
  std::vector<CheckpointArray> arrays;
  std::vector<uint8_t> bytes;  // the whole file
};

// Atomic (io/atomic_file.h). Throws Error, naming the file, if it cannot be written; then nothing is left behind.
INTRAIN_API void write_checkpoint(const std::string& path, const CheckpointInfo& info, const std::vector<StateArray>& state);

// Reads and checks everything: size, magic, version, header, that the arrays fill the file, and the fingerprint. Throws Error. Before memory is
// taken for the arrays `check` is called with all but their bytes; what it throws is passed on.
INTRAIN_API Checkpoint read_checkpoint(const std::string& path, const std::function<void(const Checkpoint&)>& check = {});

// The same in memory: what write_checkpoint would write, and what read_checkpoint would read of it. name: for messages.
INTRAIN_API std::vector<uint8_t> checkpoint_bytes(const CheckpointInfo& info, const std::vector<StateArray>& state);
INTRAIN_API Checkpoint parse_checkpoint(std::vector<uint8_t> bytes, const std::string& name);

// Copies the arrays into `state`, which belongs to a net of `model`. Throws Error, before anything is copied: naming both models, unless names,
// types and counts are the same in the same order; naming the array and the number, if one lies outside its format (nn/state.h). The
// checkpoint's optimizer state is left out where `state` has none (a net prepared for evaluation).
INTRAIN_API void restore_state(const Checkpoint& checkpoint, const std::string& model, const std::vector<StateArray>& state);

// The same for a net that is used and not trained: of what the checkpoint holds an average it takes that.
INTRAIN_API void restore_for_use(const Checkpoint& checkpoint, const std::string& model, const std::vector<StateArray>& state);

// The first half of that, without the numbers: for a net that is not prepared, and a checkpoint whose arrays are not read.
INTRAIN_API void check_state(const Checkpoint& checkpoint, const std::string& model, const std::vector<StateArray>& state);

// To begin a training of `model` from: copies parameters and running statistics, or their averages where it holds some. What the head holds (its
// arrays' names begin with `head`) is left alone unless the classes are the same. Parameters that the net's widths do not hold, as those of other
// widths or of an average, become the nearest they do. Throws Error, before anything is copied, if something else is missing or of another size,
// or holds numbers that no net does.
INTRAIN_API void restore_for_transfer(const Checkpoint& checkpoint, const std::string& model,
                                      const std::vector<StateArray>& state, const std::string& head, bool same_classes);
INTRAIN_API void check_transfer(const Checkpoint& checkpoint, const std::string& model, const std::vector<StateArray>& state,
                                const std::string& head, bool same_classes);

}  // namespace intrain
