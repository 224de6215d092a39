#include "data/loader.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <numeric>
#include <thread>

#include "core/check.h"
#include "data/augment.h"
#include "data/sampler.h"

namespace intrain {

namespace {

// One in use, two ahead.
constexpr int64_t kSlots = 3;

}  // namespace

struct Loader::State {
  State(const Dataset& s, const Normalization& n, const LoaderOptions& o) : set(s), norm(n), options(o) {}

  const Dataset& set;
  const Normalization norm;
  const LoaderOptions options;
  int64_t per_epoch = 0;
  int64_t order_epoch = -1;    // epoch that `order` holds
  std::vector<int32_t> order;  // of the thread alone

  Batch slots[kSlots];  // batch number k (from 0) is made in slot k mod kSlots
  std::mutex mutex;
  std::condition_variable changed;
  int64_t made = 0;      // batches that are ready
  int64_t released = 0;  // batches that the caller has done with
  bool stop = false;
  std::thread thread;

  void make(int64_t step, Batch& batch);
  void run();
};

void Loader::State::make(int64_t step, Batch& batch) {
  const int64_t epoch = step / per_epoch, begin = step % per_epoch * options.batch;
  batch.count = static_cast<int>(std::min<int64_t>(options.batch, set.count - begin));
  if (options.training && order_epoch != epoch) {
    shuffle_epoch(options.seed, static_cast<uint32_t>(epoch), order);
    order_epoch = epoch;
  }
  const int pad = crop_pad(set.h);
  for (int i = 0; i < batch.count; ++i) {
    const int32_t sample = order[static_cast<size_t>(begin + i)];
    int8_t* dst = batch.images.data() + i * set.image_size();
    if (options.training) {
      const Crop crop =
          random_crop(options.seed, static_cast<uint32_t>(epoch), static_cast<uint32_t>(sample), pad, options.mirror);
      crop_image(set.image(sample), set.h, set.w, set.c, norm, pad, crop, dst);
    } else {
      normalize_image(set.image(sample), int64_t{set.h} * set.w, set.c, norm, dst);
    }
    batch.labels[static_cast<size_t>(i)] = set.labels[static_cast<size_t>(sample)];
  }
}

void Loader::State::run() {
  for (int64_t number = 0;; ++number) {
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return stop || number - released < kSlots; });
      if (stop) return;
    }
    make(options.first_step + number, slots[number % kSlots]);
    {
      const std::lock_guard lock(mutex);
      made = number + 1;
    }
    changed.notify_all();
  }
}

Loader::Loader(const Dataset& set, const Normalization& norm, const LoaderOptions& options)
    : state_(std::make_unique<State>(set, norm, options)) {
  CHECK_LT(0, options.batch);
  CHECK_LT(0, set.count);
  if (options.training) CHECK_LE(options.batch, set.count);
  State& s = *state_;
  s.per_epoch = options.training ? set.count / options.batch : (set.count + options.batch - 1) / options.batch;
  s.order.resize(static_cast<size_t>(set.count));
  std::iota(s.order.begin(), s.order.end(), 0);
  for (Batch& slot : s.slots) {
    slot.images.resize(static_cast<size_t>(options.batch * set.image_size()));
    slot.labels.resize(static_cast<size_t>(options.batch));
  }
  s.released = -1;  // the first call of next() releases nothing; two ahead until then
  s.thread = std::thread([&s] { s.run(); });
}

Loader::~Loader() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stop = true;
  }
  state_->changed.notify_all();
  state_->thread.join();
}

int64_t Loader::steps_per_epoch() const { return state_->per_epoch; }

const Batch& Loader::next() {
  State& s = *state_;
  std::unique_lock lock(s.mutex);
  const int64_t number = ++s.released;  // all before it are done with
  s.changed.notify_all();
  s.changed.wait(lock, [&] { return s.made > number; });
  return s.slots[number % kSlots];
}

}  // namespace intrain
