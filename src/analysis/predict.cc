#include "analysis/predict.h"

#include <new>

#include "data/augment.h"
#include "data/source.h"
#include "settings/crop.h"

namespace intrain {

namespace {

std::optional<int> crop_of_photos(const TrainConfig& config) {
  return data_name(config.data) == "folder" ? std::optional(crop_of(config)) : std::nullopt;
}

}  // namespace

Predictor::Predictor(const Checkpoint& checkpoint, int max_files, int threads, std::optional<int> crop_q16,
                     std::optional<TestViews> views)
    : trained_(checkpoint, max_files, false, threads),
      logits_(trained_.net, views.value_or(views_of(checkpoint.info.config))),
      image_size_(int64_t{trained_.net.height()} * trained_.net.width() * trained_.net.channels()),
      norm_(normalization_of(checkpoint)),
      crop_q16_(crop_q16 ? crop_q16 : crop_of_photos(checkpoint.info.config)),
      workers_(static_cast<size_t>(threads)) {
  const int channels = trained_.net.channels();
  if (channels == 2) throw Error("the checkpoint is for images of 2 channels", checkpoint.path, "files hold grey or RGB images");
  for (Worker& worker : workers_) {
    worker.rgb.resize(static_cast<size_t>(image_size_ / channels * 3));
    if (channels == 1) worker.grey.resize(static_cast<size_t>(image_size_));
  }
  batch_.images.resize(static_cast<size_t>(max_files * image_size_));
}

// One file as the net sees it.
void Predictor::read(const std::string& file, Worker& worker, int8_t* dst) const {
  const int h = trained_.net.height(), w = trained_.net.width(), c = trained_.net.channels();
  if (crop_q16_)
    worker.reader.read(file, *crop_q16_, h, w, worker.rgb.data());
  else
    worker.reader.read_whole(file, h, w, worker.rgb.data());
  const int64_t pixels = int64_t{h} * w;
  if (c == 1) to_grey(worker.rgb.data(), pixels, worker.grey.data());
  normalize_image(c == 1 ? worker.grey.data() : worker.rgb.data(), pixels, c, norm_, dst);
}

std::vector<FilePrediction> Predictor::predict(std::span<const std::string> files, int top) {
  const int count = static_cast<int>(files.size()), classes = trained_.net.classes();
  std::vector<FilePrediction> list(files.size());
  trained_.net.runtime().pool().run(count, [&](int64_t task, int thread) {
    const auto i = static_cast<size_t>(task);
    list[i].file = files[i];
    try {
      read(files[i], workers_[static_cast<size_t>(thread)], batch_.images.data() + task * image_size_);
    } catch (const Error& e) {
      list[i].error = e;
    } catch (const std::bad_alloc&) {
      list[i].error.emplace("out of memory", files[i], "choose fewer `threads`, or make the picture smaller");
    }
  });
  // What stands in the place of a file that cannot be read goes through the net, too, and is passed over.
  batch_.count = count;
  logits_.evaluate(batch_);
  for (size_t i = 0; i < list.size(); ++i)
    if (!list[i].error)
      list[i].classes = top_classes(logits_.logits() + static_cast<int64_t>(i) * classes, logits_exp(), classes, top);
  return list;
}

}  // namespace intrain
