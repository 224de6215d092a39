// What the net of a checkpoint sees on pictures in files.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "core/batch.h"
#include "core/error.h"
#include "data/photo_reader.h"
#include "train/metrics.h"
#include "train/test_logits.h"
#include "train/trained_net.h"

namespace intrain {

struct FilePrediction {
  std::string file;
  std::vector<ClassScore> classes;  // the most probable ones, in order; none if the file cannot be read
  std::optional<Error> error;       // why
};

// A photo reaches the net as the evaluation of its data set shows it one: photos of a net trained on folder:DIR by the crop of
// its training (PhotoReader::read), those of another net by as much of their middle as has the shape of the net's images (PhotoReader::read_whole),
// so that a file of that size goes in pixel by pixel; grey (to_grey) where the net takes one channel.
class Predictor {
 public:
  // For up to max_files files at a time. Throws Error if there is no such net (TrainedNet), or it takes neither grey nor RGB.
  // crop_q16: what is seen of a photo (Dataset::crop_q16), whatever the net was trained on. views: if not given, those of the training.
  Predictor(const Checkpoint& checkpoint, int max_files, int threads, std::optional<int> crop_q16 = {},
            std::optional<TestViews> views = {});

  // In the order of the files, with `top` classes each (top_classes). Neither threads nor the other files change what is said of one.
  std::vector<FilePrediction> predict(std::span<const std::string> files, int top);
  int logits_exp() const { return logits_.exp(); }
  const TestViews& views() const { return logits_.views(); }

 private:
  // What one thread has to itself.
  struct Worker {
    PhotoReader reader;
    std::vector<uint8_t> rgb, grey;
  };
  void read(const std::string& file, Worker& worker, int8_t* dst) const;

  TrainedNet trained_;
  TestLogits logits_;
  const int64_t image_size_;  // of the net's input
  const Normalization norm_;
  const std::optional<int> crop_q16_;  // none: whole_window
  std::vector<Worker> workers_;
  Batch batch_;
};

}  // namespace intrain
