#include "data/loader.h"

#include <algorithm>
#include <climits>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <new>
#include <numeric>
#include <string>
#include <system_error>
#include <thread>

#include "base/random.h"
#include "core/error.h"
#include "core/slice.h"
#include "core/text.h"
#include "data/augment.h"
#include "data/check_dataset.h"
#include "data/color_jitter.h"
#include "data/mixup.h"
#include "data/photo_reader.h"
#include "data/sampler.h"

namespace intrain {

namespace {

// Batches that are in use or ready, besides those in the making.
constexpr int kReady = 2;

int shift_of(const Dataset& set, const LoaderOptions& options) {
  if (options.shift != kAutoShift) return options.shift;
  return set.files.empty() ? crop_pad(set.h) : 0;
}

}  // namespace

struct Loader::State {
  // What one thread has to itself.
  struct Worker {
    int64_t order_epoch = -1;    // epoch that `order` holds
    std::vector<int32_t> order;  // sample by place
    PhotoReader reader;
    std::vector<int8_t> next;     // that the last image is mixed with
    std::vector<uint8_t> pixels;  // of one image that is no part of the set: a photo, scaled, or of other colours
  };
  struct Slot {
    Batch batch;
    int64_t made = -1;  // number of the batch it holds
  };

  State(const Dataset& s, const Normalization& n, const LoaderOptions& o) : set(s), norm(n), options(o) {}

  const Dataset& set;
  const Normalization norm;
  const LoaderOptions options;
  int64_t per_epoch = 0;

  std::vector<Slot> slots;  // batch number k (from 0) is made in slot k mod their number
  std::mutex mutex;
  std::condition_variable changed;
  int64_t taken = 0;      // batches that threads have set out to make
  int64_t released = -1;  // the batch in use: all before it are done with
  bool stop = false;
  // The first batch that could not be made: those before it still come, so that a failure does not depend on threads.
  int64_t failed_at = INT64_MAX;
  std::exception_ptr failed;
  std::vector<std::thread> threads;

  bool augments() const { return options.training && options.augment; }
  bool mixes() const { return augments() && options.mixup != 0; }
  bool copies() const { return !set.files.empty() || (augments() && options.color_jitter.any()); }
  void put(Worker& worker, int64_t epoch, int32_t sample, uint32_t draw, int8_t* dst) const;
  void put_augmented(Worker& worker, uint32_t epoch, int32_t sample, uint32_t draw, const uint8_t* image, int8_t* dst) const;
  void make(Worker& worker, int64_t step, Batch& batch) const;
  void run();
  void join();
};

// One sample as the net sees it; draw: the number of its window and mirror in the epoch.
void Loader::State::put(Worker& worker, int64_t epoch, int32_t sample, uint32_t draw, int8_t* dst) const {
  const bool photos = !set.files.empty(), augment = augments();
  const auto epoch_number = static_cast<uint32_t>(epoch);
  const uint8_t* image = photos ? worker.pixels.data() : set.image(sample);
  if (photos) {
    const std::string& file = set.files[static_cast<size_t>(sample)];
    // Another rank may have looked at the photo, on a machine with files of its own.
    const bool compared = options.ranks > 1 && !set.file_hashes.empty();
    uint64_t hash = 0;
    uint64_t* const file_hash = compared ? &hash : nullptr;
    try {
      if (augment)
        worker.reader.read(file, set.h, set.w, options.seed, epoch_number, draw, worker.pixels.data(), file_hash);
      else
        worker.reader.read(file, set.crop_q16, set.h, set.w, worker.pixels.data(), file_hash);
    } catch (const std::bad_alloc&) {
      throw Error("memory cannot hold it", file, "choose fewer `threads`, or make the picture smaller");
    }
    if (compared && hash != set.file_hashes[static_cast<size_t>(sample)])
      throw Error("it is not the photo that was checked before the first step", file, "let all ranks see the same files");
  }
  if (augment)
    put_augmented(worker, epoch_number, sample, draw, image, dst);
  else
    normalize_image(image, int64_t{set.h} * set.w, set.c, norm, dst);
}

void Loader::State::put_augmented(Worker& worker, uint32_t epoch, int32_t sample, uint32_t draw, const uint8_t* image,
                                  int8_t* dst) const {
  if (options.color_jitter.any()) {
    if (image != worker.pixels.data()) std::copy_n(image, set.image_size(), worker.pixels.data());
    image = worker.pixels.data();
    jitter_colors(random_factors(options.color_jitter, options.seed, epoch, draw), int64_t{set.h} * set.w, set.c,
                  worker.pixels.data());
  }
  const int pad = shift_of(set, options);
  Crop crop = random_crop(options.seed, epoch, draw, pad);
  crop.mirrored = is_mirrored(options.mirror, options.seed, epoch, draw, static_cast<uint32_t>(sample));
  crop_image(image, set.h, set.w, set.c, norm, pad, crop, options.border, dst);
  if (options.cutout > 0)
    cut_out(set.h, set.w, set.c, random_place(options.seed, epoch, draw, set.h, set.w), options.cutout, dst);
}

void Loader::State::make(Worker& worker, int64_t step, Batch& batch) const {
  const int64_t epoch = step / per_epoch, begin = step % per_epoch * options.batch;
  const int64_t whole = std::min<int64_t>(options.batch, set.count - begin);
  const Slice slice = slice_of(whole, options.rank, options.ranks);
  batch.count = static_cast<int>(slice.count);
  batch.first = static_cast<int>(slice.first);
  batch.total = options.ranks == 1 ? 0 : static_cast<int>(whole);
  if (options.training && worker.order_epoch != epoch) {
    const auto number = static_cast<uint32_t>(epoch);
    if (options.balance)
      balance_epoch(options.seed, number, set.labels, set.classes, worker.order);
    else
      shuffle_epoch(options.seed, number, worker.order);
    worker.order_epoch = epoch;
  }
  // A sample that an epoch shows several times is another picture each time.
  const auto sample_at = [&](int64_t i) { return worker.order[static_cast<size_t>(begin + i)]; };
  const auto draw_at = [&](int64_t i) { return static_cast<uint32_t>(options.balance ? begin + i : sample_at(i)); };
  const auto label_at = [&](int64_t i) { return set.labels[static_cast<size_t>(sample_at(i))]; };
  const int64_t size = set.image_size(), end = batch.first + batch.count;
  for (int64_t i = batch.first; i < end; ++i) {
    put(worker, epoch, sample_at(i), draw_at(i), batch.images.data() + (i - batch.first) * size);
    batch.labels[static_cast<size_t>(i - batch.first)] = label_at(i);
  }
  if (!mixes()) return;
  put(worker, epoch, sample_at(end % whole), draw_at(end % whole), worker.next.data());
  for (int64_t i = batch.first; i < end; ++i) {
    const int share = mixup_share(
        options.mixup, RandomStream{options.seed, RandomUse::kAugment, static_cast<uint32_t>(epoch), draw_at(i)}.bits(52));
    int8_t* const image = batch.images.data() + (i - batch.first) * size;
    mix_images(i + 1 < end ? image + size : worker.next.data(), size, share, image);
    batch.other_labels[static_cast<size_t>(i - batch.first)] = label_at((i + 1) % whole);
    batch.other_shares[static_cast<size_t>(i - batch.first)] = share;
  }
}

void Loader::State::run() {
  const auto count = static_cast<int64_t>(slots.size());
  int64_t number = 0;
  try {
    Worker worker;
    worker.order.resize(static_cast<size_t>(set.count));
    std::iota(worker.order.begin(), worker.order.end(), 0);
    if (mixes()) worker.next.resize(static_cast<size_t>(set.image_size()));
    if (copies()) worker.pixels.resize(static_cast<size_t>(set.image_size()));
    while (true) {
      {
        std::unique_lock lock(mutex);
        number = taken++;
        changed.wait(lock, [&] { return stop || number - std::max<int64_t>(released, 0) < count; });
        if (stop) return;
      }
      Slot& slot = slots[static_cast<size_t>(number % count)];
      make(worker, options.first_step + number, slot.batch);
      {
        const std::lock_guard lock(mutex);
        slot.made = number;
      }
      changed.notify_all();
    }
  } catch (...) {
    const std::lock_guard lock(mutex);
    if (number < failed_at) {
      failed_at = number;
      failed = std::current_exception();
    }
  }
  changed.notify_all();
}

void Loader::State::join() {
  {
    const std::lock_guard lock(mutex);
    stop = true;
  }
  changed.notify_all();
  for (std::thread& thread : threads) thread.join();
}

namespace {

const LoaderOptions& checked(const Dataset& set, const LoaderOptions& options) {
  check_dataset(set);
  const int most = options.training ? set.count : INT_MAX;
  if (options.batch < 1 || options.batch > most)
    throw Error("batches of " + std::to_string(options.batch) + " of " + std::to_string(set.count) + " images", Setting{"batch"},
                "give 1 or more, and no more than there are to train on");
  if (options.ranks < 1 || options.rank < 0 || options.rank >= options.ranks)
    throw Error("there is no rank " + std::to_string(options.rank) + " of " + std::to_string(options.ranks), "",
                "ranks count from 0");
  if (options.training && options.ranks > options.batch)
    throw Error("batches of " + std::to_string(options.batch) + " images for " + std::to_string(options.ranks) + " ranks",
                Setting{"batch"}, "give at least one image a rank");
  if (options.threads < 1) throw Error(std::to_string(options.threads) + " threads", Setting{"threads"}, "give 1 or more");
  if (options.first_step < 0)
    throw Error("batch " + std::to_string(options.first_step) + " as the first", Setting{"first_step"}, "give 0 or more");
  if (!set.files.empty() && static_cast<int64_t>(set.files.size()) < set.count)
    throw Error("a data set of fewer photos than it says", Setting{"data"}, "count is how many there are");
  const auto known = [&](uint16_t label) { return label < set.classes; };
  if (!set.file_hashes.empty() && static_cast<int64_t>(set.file_hashes.size()) < set.count)
    throw Error("a data set of fewer fingerprints of photos than it says", Setting{"data"}, "give one for each, or none");
  if (static_cast<int64_t>(set.labels.size()) < set.count ||
      (options.balance && !std::all_of(set.labels.begin(), set.labels.begin() + set.count, known)))
    throw Error("images without labels", Setting{"data"}, "there is one for each, below classes where these are balanced");
  if (options.training && options.augment) check_augmentation(set, options);
  return options;
}

}  // namespace

void check_augmentation(const Dataset& set, const LoaderOptions& options) {
  const int side = std::min(set.h, set.w), shift = shift_of(set, options);
  const std::string images = "images of " + std::to_string(set.h) + "x" + std::to_string(set.w);
  const auto refuse = [](const std::string& what, const char* setting, const std::string& hint) {
    throw Error(what, Setting{setting}, hint);
  };
  if (options.shift != kAutoShift && (shift < 0 || shift >= side))
    refuse("windows of " + images + " moved by " + std::to_string(shift), "shift", "give 0 to " + std::to_string(side - 1));
  if (options.border == Border::kReflect && shift >= side)
    refuse("windows moved by " + std::to_string(shift) + " show more than a reflection of " + images, "border",
           "choose another border, or a `shift` of at most " + std::to_string(side - 1));
  if (options.cutout < 0 || options.cutout > side)
    refuse("squares of " + std::to_string(options.cutout) + " cut out of " + images, "cutout",
           "give 0 to " + std::to_string(side));
  if (options.mixup != 0 && !is_mixup_alpha(options.mixup))
    refuse("there is no table for an alpha of " + std::to_string(options.mixup) + " / 10", "mixup", "give 2, 4, 8 or 10, or 0");
  const ColorJitter& jitter = options.color_jitter;
  for (const int range : {jitter.brightness, jitter.contrast, jitter.saturation})
    if (range < 0 || range > 256)
      refuse("colours that change by " + std::to_string(range) + " / 256", "color_jitter", "give 0 to 256 of each");
  if (set.c != 3 && jitter.saturation != 0 && jitter.brightness == 0 && jitter.contrast == 0)
    refuse("images of " + plural(set.c, "channel") + " have no saturation", "color_jitter",
           "give a share of brightness or contrast");
}

Loader::Loader(const Dataset& set, const Normalization& norm, const LoaderOptions& options)
    : state_(std::make_unique<State>(set, norm, checked(set, options))) {
  State& s = *state_;
  s.per_epoch = options.training ? set.count / options.batch : (set.count + options.batch - 1) / options.batch;
  const int threads = set.files.empty() ? 1 : options.threads;
  s.slots.resize(static_cast<size_t>(kReady + threads));
  const int64_t images = largest_slice(options.batch, options.ranks);
  for (State::Slot& slot : s.slots) {
    slot.batch.images.resize(static_cast<size_t>(images * set.image_size()));
    slot.batch.labels.resize(static_cast<size_t>(images));
    if (!s.mixes()) continue;
    slot.batch.other_labels.resize(static_cast<size_t>(images));
    slot.batch.other_shares.resize(static_cast<size_t>(images));
  }
  s.threads.reserve(static_cast<size_t>(threads));
  try {
    for (int i = 0; i < threads; ++i) s.threads.emplace_back([&s] { s.run(); });
  } catch (const std::system_error& e) {
    s.join();
    throw Error("cannot start " + std::to_string(threads) + " threads that load images: " + e.code().message(),
                Setting{"threads"}, "choose fewer threads, or raise the limit on processes (ulimit -u) or memory (ulimit -v)");
  } catch (...) {
    s.join();
    throw;
  }
}

Loader::~Loader() { state_->join(); }

int64_t Loader::steps_per_epoch() const { return state_->per_epoch; }

const Batch& Loader::next() {
  State& s = *state_;
  std::unique_lock lock(s.mutex);
  const int64_t number = ++s.released;
  s.changed.notify_all();
  const State::Slot& slot = s.slots[static_cast<size_t>(number % static_cast<int64_t>(s.slots.size()))];
  s.changed.wait(lock, [&] { return slot.made == number || s.failed_at <= number; });
  if (slot.made != number) std::rethrow_exception(s.failed);
  return slot.batch;
}

}  // namespace intrain
