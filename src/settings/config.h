// The configuration of a training run: what the flags of `intrain train` say and config.json holds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/api.h"
#include "base/widths.h"
#include "ops/sgd_momentum/sgd_momentum.h"

namespace intrain {

struct TrainConfig {
  std::string data = "fashion-mnist";  // data/source.h
  std::string model = "resnet8";       // models/models.h
  std::string net;                     // text of the net's file, if the model is one; empty: to be read
  int epochs = 3;
  int batch = 128;
  int accumulate = 1;              // batches a step
  std::string recipe = "intrain";  // settings/recipe.h: what these began as
  double lr = 0.1;                 // peak learning rate
  double momentum = 0.9;
  double weight_decay = 1e-4;
  std::string schedule = "cosine";   // or "step", "wageubn"
  int warmup = 0;                    // epochs
  std::string augment = "standard";  // or "none"
  std::string crop = "auto";         // of photos, as evaluation sees them (settings/crop.h)
  // What random windows show beyond an image's border: "mean", or "black"; empty: as the net of init_from has learned it, else the mean.
  std::string border;
  double label_smoothing = 0;       // 0 .. 1
  int patience = 0;                 // epochs without a better test accuracy after which training ends; 0: never
  std::vector<std::string> freeze;  // patterns of parameters that stay as they are
  bool freeze_statistics = false;   // batch norm takes the running statistics of init_from as constants
  std::string init_from;            // checkpoint to take the parameters from; empty: random ones
  // Of the channels' pixels, as shares of the largest value: 0 .. 1; both empty: those of the training images.
  std::vector<double> mean, deviation;
  double val_share = 0;    // 0 .. 1 of the training images, split off to evaluate on (data/validation_share.h); 0: none
  bool balance = false;    // an epoch shows all classes equally often (data/sampler.h)
  bool transpose = false;  // rows and columns of IDX images exchanged
  uint64_t seed = 0;
  int threads = 1;
  Widths widths;       // --set
  int save_every = 0;  // steps between checkpoints, beside those of each epoch's end; 0: those alone
  int keep = 1;        // newest checkpoints kept, beside that of the best epoch
  bool tensorboard = false;
  std::string out;  // run folder; empty: the first free runs/<data>-<model>-<n>
};

// Throws Error naming the flag of the first setting that cannot be.
INTRAIN_API void validate(const TrainConfig& config);
INTRAIN_API void validate_batch(int batch);
INTRAIN_API void validate_threads(int threads);
INTRAIN_API void validate_saving(int save_every, int keep);

// KEY=VALUE of --set. Throws Error naming the key, and what it takes.
INTRAIN_API void set_width(Widths& widths, const std::string& setting);
// One line a key: name, range, default, meaning.
INTRAIN_API std::string widths_help();

// Sets what the file holds, a JSON object with members of config.json; `out` is passed over. Its recipe comes first, or `recipe` if it has
// none; another `recipe` than its own comes last. Throws Error naming the file and the member for what does not exist, is of another type or
// not possible.
INTRAIN_API void read_config(const std::string& path, TrainConfig& config, const std::string& recipe = "");
// The file config.json as a run wrote it: what an older one lacks is as it was then. Throws Error if it is none.
INTRAIN_API TrainConfig read_whole_config(const std::string& path);
// The file config.json: Error if it cannot be written.
INTRAIN_API void write_config(const std::string& path, const TrainConfig& config);

// Every setting as text, in the order of config.json, those of the formats as "formats.w".
struct Setting {
  std::string name, value;
};
INTRAIN_API std::vector<Setting> settings_of(const TrainConfig& config);
// The command that trains with these settings, quoted for a shell (core/shell.h): data, model, epochs and batch, and what differs from the recipe, but
// not `threads` and `out`. With a net of a file it is that with --config `path`, the file that holds `config`, and so the net's text. Throws
// Error for an unknown recipe.
INTRAIN_API std::string train_command_of(const TrainConfig& config, const std::string& path);

// The nearest mantissa * 2^exp with a mantissa in [512, 1023], ties to even; 0 for 0. value >= 0 and finite. One of the few
// places with floating point: once before training.
INTRAIN_API ops::Scalar10 to_scalar10(double value);
// round(value * 2^bits) * 2^-bits, at most 1 - 2^-bits: the momentum. 0 <= value < 1, bits <= 10.
INTRAIN_API ops::Scalar10 to_fraction10(double value, int bits = 10);

}  // namespace intrain
