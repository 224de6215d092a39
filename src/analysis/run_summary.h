// What there is to tell of a run, for its page (report/report_page.h): its folder read, its net evaluated.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "analysis/confusion.h"
#include "analysis/exponent_tracks.h"
#include "analysis/mistakes.h"
#include "checkpoint/checkpoint.h"
#include "data/dataset.h"
#include "runs/metrics_file.h"
#include "train/metrics.h"
#include "train/test_logits.h"

namespace intrain {

// The net on its test set.
struct Examination {
  std::string data;         // the spec
  int h = 0, w = 0, c = 0;  // of the images
  Metrics metrics;
  std::vector<std::string> names;    // of the classes
  std::vector<ClassCounts> classes;  // one each
  std::vector<int64_t> matrix;       // confusion_matrix; empty for more than kMaxConfusionClasses
  struct Picture {
    Mistake mistake;
    std::vector<uint8_t> pixels;  // [h][w][c] of the image as the net sees it
  };
  std::vector<Picture> mistakes;  // the worst ones first
  std::string crop;               // what was seen of the photos (crop_text); empty: the images are no photos
  TestViews views;                // of each image, whose mean counts
};

struct RunReport {
  std::string folder;
  std::optional<TrainConfig> config;  // of the checkpoint, else of config.json, which may have been edited since
  std::vector<StartReport> starts;
  std::vector<StepReport> steps;
  std::vector<EpochReport> epochs;
  std::optional<NumbersReport> numbers;  // of the last step looked at
  std::vector<ExponentTrack> exponents;
  // Of the checkpoint; empty without one.
  std::string checkpoint;  // its path
  CheckpointInfo info;
  int64_t parameters = 0;
  std::string signature;
  std::optional<Examination> examination;
  std::vector<std::string> problems;  // what is missing, and why; a sentence each
};

// config.json and metrics.jsonl of a run folder; what cannot be read of them becomes a problem. Throws Error if `folder` is none.
RunReport read_run(const std::string& folder);

// The run's final checkpoint, or its newest whole one: adds what it tells to `run`. None, with the problem noted, if there is none.
std::optional<Checkpoint> read_newest_checkpoint(RunReport& run);

constexpr size_t kMistakesShown = 24;
// Evaluates the net of `checkpoint` on data.test, which must fit it. progress: as of evaluate(). Throws Error if there is no such net, a
// photo cannot be read any more, or the training's test_mirror or test_shift is not for these images.
Examination examine(const Checkpoint& checkpoint, const DataSplits& data, int threads,
                    const std::function<void(int64_t done, int64_t total)>& progress);

}  // namespace intrain
