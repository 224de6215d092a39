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
#include <utility>

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

// Batches that are in use or ready, besides those in the making. Threads make the images of one batch together, so that of these there are no more
// than they need to have an image each.
constexpr int kReady = 2;
// What all threads hold for their next photos.
constexpr size_t kKeptBytes = size_t{64} << 20;

int shift_of(const Dataset& set, const LoaderOptions& options) {
  if (options.shift != kAutoShift) return options.shift;
  return set.files.empty() ? crop_pad(set.h) : 0;
}

}  // namespace

struct Loader::State {
  // What one thread has to itself.
  struct Worker {
    PhotoReader reader;
    std::vector<uint8_t> pixels;  // of one image that is no part of the set: a photo, scaled, or of other colours
  };
  struct Slot {
    Batch batch;
    int64_t number = -1, epoch = 0;
    std::vector<int32_t> samples;  // of its images, and with mixup of the next one
    std::vector<uint32_t> draws;   // the numbers of their windows and mirrors in the epoch
    std::vector<int8_t> next;      // the image that the last one is mixed with
    int64_t left = 0;              // images to be made
    bool made = false;
  };
  // Image `image` of a slot's batch; behind the last one the next.
  struct Task {
    Slot* slot;
    int64_t image;
  };

  State(const Dataset& s, const Normalization& n, const LoaderOptions& o) : set(s), norm(n), options(o) {}

  const Dataset& set;
  const Normalization norm;
  const LoaderOptions options;
  int64_t per_epoch = 0;

  std::vector<Slot> slots;  // batch number k (from 0) is made in slot k mod their number
  std::vector<Worker> workers;

  // Who holds it takes the next image, and prepares a batch if it is the first one. Taken before `mutex`.
  std::mutex taking;
  int64_t begun = 0;           // batches
  Task following{nullptr, 0};  // the next image of the last of them; no slot: there is none left
  int64_t order_epoch = -1;    // that `order` holds
  std::vector<int32_t> order;  // sample by place

  std::mutex mutex;
  std::condition_variable changed;
  int64_t released = -1;  // the batch in use: all before it are done with
  bool stop = false;
  // The first image that could not be made: the batches before its own still come, so that a failure does not depend on threads.
  int64_t failed_at = INT64_MAX, failed_image = 0;
  std::exception_ptr failed;
  std::vector<std::thread> threads;

  bool augments() const { return options.training && options.augment; }
  bool mixes() const { return augments() && options.mixup != 0; }
  bool copies() const { return !set.files.empty() || (augments() && options.color_jitter.any()); }
  int64_t images_of(const Slot& slot) const { return std::ssize(slot.samples); }
  void put(Worker& worker, int64_t epoch, int32_t sample, uint32_t draw, int8_t* dst) const;
  void put_augmented(Worker& worker, uint32_t epoch, int32_t sample, uint32_t draw, const uint8_t* image, int8_t* dst) const;
  void prepare(Slot& slot);
  bool begin_batch();
  Task take();
  void make(Worker& worker, const Task& task) const;
  void mix(Slot& slot) const;
  void fail(int64_t number, int64_t image);
  void finish(Slot& slot);
  void run(Worker& worker);
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

// Which images the batch of slot.number holds.
void Loader::State::prepare(Slot& slot) {
  const int64_t step = options.first_step + slot.number;
  const int64_t begin = step % per_epoch * options.batch;
  const int64_t whole = std::min<int64_t>(options.batch, set.count - begin);
  const Slice slice = slice_of(whole, options.rank, options.ranks);
  Batch& batch = slot.batch;
  slot.epoch = step / per_epoch;
  batch.count = static_cast<int>(slice.count);
  batch.first = static_cast<int>(slice.first);
  batch.total = options.ranks == 1 ? 0 : static_cast<int>(whole);
  if (options.training && order_epoch != slot.epoch) {
    const auto number = static_cast<uint32_t>(slot.epoch);
    if (options.balance)
      balance_epoch(options.seed, number, set.labels, set.classes, order);
    else
      shuffle_epoch(options.seed, number, order);
    order_epoch = slot.epoch;
  }
  const int64_t count = batch.count + (mixes() ? 1 : 0);
  slot.samples.resize(static_cast<size_t>(count));
  slot.draws.resize(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    const int64_t place = begin + (batch.first + i) % whole;
    const int32_t sample = order[static_cast<size_t>(place)];
    slot.samples[static_cast<size_t>(i)] = sample;
    // A sample that an epoch shows several times is another picture each time.
    slot.draws[static_cast<size_t>(i)] = static_cast<uint32_t>(options.balance ? place : sample);
    if (i < batch.count) batch.labels[static_cast<size_t>(i)] = set.labels[static_cast<size_t>(sample)];
  }
  slot.left = count;
}

// Prepares a batch as soon as there is a slot for it; false: there will be none.
bool Loader::State::begin_batch() {
  const auto count = static_cast<int64_t>(slots.size());
  {
    std::unique_lock lock(mutex);
    const auto ends = [&] { return stop || failed_at != INT64_MAX; };
    changed.wait(lock, [&] { return ends() || begun - std::max<int64_t>(released, 0) < count; });
    if (ends()) return false;
    // next() looks at it.
    Slot& slot = slots[static_cast<size_t>(begun % count)];
    slot.number = begun;
    slot.made = false;
  }
  Slot& slot = slots[static_cast<size_t>(begun % count)];
  try {
    prepare(slot);
  } catch (const std::bad_alloc&) {
    fail(slot.number, -1);
    slot.batch.count = 0;
    slot.left = 1;
    finish(slot);
    return false;
  }
  ++begun;
  following = {&slot, 0};
  return true;
}

// No slot: there is nothing more to do.
Loader::State::Task Loader::State::take() {
  const std::lock_guard lock(taking);
  {
    const std::lock_guard also(mutex);
    if (stop) return {nullptr, 0};
  }
  while (following.slot == nullptr) {
    if (!begin_batch()) return {nullptr, 0};
    if (images_of(*following.slot) > 0) continue;
    // A rank without an image of this batch.
    Slot& slot = *std::exchange(following.slot, nullptr);
    slot.left = 1;
    finish(slot);
  }
  const Task task = following;
  if (++following.image == images_of(*task.slot)) following.slot = nullptr;
  return task;
}

void Loader::State::make(Worker& worker, const Task& task) const {
  Slot& slot = *task.slot;
  const auto i = static_cast<size_t>(task.image);
  int8_t* const dst = task.image < slot.batch.count ? slot.batch.images.data() + task.image * set.image_size() : slot.next.data();
  put(worker, slot.epoch, slot.samples[i], slot.draws[i], dst);
}

// Once all images are made.
void Loader::State::mix(Slot& slot) const {
  Batch& batch = slot.batch;
  const int64_t size = set.image_size();
  for (int64_t i = 0; i < batch.count; ++i) {
    const auto at = static_cast<size_t>(i);
    const RandomStream random{options.seed, RandomUse::kAugment, static_cast<uint32_t>(slot.epoch), slot.draws[at]};
    const int share = mixup_share(options.mixup, random.bits(52));
    int8_t* const image = batch.images.data() + i * size;
    mix_images(i + 1 < batch.count ? image + size : slot.next.data(), size, share, image);
    batch.other_labels[at] = set.labels[static_cast<size_t>(slot.samples[at + 1])];
    batch.other_shares[at] = share;
  }
}

// What is being thrown keeps image `image` of batch `number` from being made.
void Loader::State::fail(int64_t number, int64_t image) {
  const std::lock_guard lock(mutex);
  if (std::pair(number, image) >= std::pair(failed_at, failed_image)) return;
  failed_at = number;
  failed_image = image;
  failed = std::current_exception();
}

// One image less is to be made, also where that failed.
void Loader::State::finish(Slot& slot) {
  {
    const std::lock_guard lock(mutex);
    if (--slot.left > 0) return;
  }
  if (mixes()) mix(slot);
  {
    const std::lock_guard lock(mutex);
    slot.made = true;
  }
  changed.notify_all();
}

void Loader::State::run(Worker& worker) {
  while (true) {
    const Task task = take();
    if (task.slot == nullptr) return;
    try {
      make(worker, task);
    } catch (...) {
      fail(task.slot->number, task.image);
    }
    finish(*task.slot);
  }
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
  const int64_t images = largest_slice(options.batch, options.ranks);
  s.slots.resize(static_cast<size_t>(kReady + (threads + images - 1) / images));
  s.order.resize(static_cast<size_t>(set.count));
  std::iota(s.order.begin(), s.order.end(), 0);
  s.workers.reserve(static_cast<size_t>(threads));
  for (int i = 0; i < threads; ++i) {
    s.workers.push_back({PhotoReader(kKeptBytes / static_cast<size_t>(threads)), {}});
    if (s.copies()) s.workers.back().pixels.resize(static_cast<size_t>(set.image_size()));
  }
  for (State::Slot& slot : s.slots) {
    slot.samples.reserve(static_cast<size_t>(images) + 1);
    slot.draws.reserve(static_cast<size_t>(images) + 1);
    slot.batch.images.resize(static_cast<size_t>(images * set.image_size()));
    slot.batch.labels.resize(static_cast<size_t>(images));
    if (!s.mixes()) continue;
    slot.batch.other_labels.resize(static_cast<size_t>(images));
    slot.batch.other_shares.resize(static_cast<size_t>(images));
    slot.next.resize(static_cast<size_t>(set.image_size()));
  }
  s.threads.reserve(static_cast<size_t>(threads));
  try {
    for (State::Worker& worker : s.workers) s.threads.emplace_back([&s, &worker] { s.run(worker); });
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
  s.changed.wait(lock, [&] { return (slot.number == number && slot.made) || s.failed_at < number; });
  if (s.failed_at <= number) std::rethrow_exception(s.failed);
  return slot.batch;
}

}  // namespace intrain
