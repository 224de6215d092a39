#include "data/loader.h"

#include <algorithm>
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
#include "data/check_loader.h"
#include "data/image_maker.h"
#include "data/mixup.h"
#include "data/sampler.h"

namespace intrain {

namespace {

// Batches that are in use or ready, besides those in the making. Threads make the images of one batch together, so that of these there are no more
// than they need to have an image each.
constexpr int kReady = 2;
// What all threads hold for their next photos.
constexpr size_t kKeptBytes = size_t{64} << 20;

}  // namespace

struct Loader::State {
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

  State(const Dataset& s, const Normalization& n, const LoaderOptions& o) : set(s), norm(n), options(o) { check_loader(s, o); }

  const Dataset& set;
  const Normalization norm;
  const LoaderOptions options;
  int64_t per_epoch = 0;

  std::vector<Slot> slots;         // batch number k (from 0) is made in slot k mod their number
  std::vector<ImageMaker> makers;  // a thread each

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

  int64_t images_of(const Slot& slot) const { return std::ssize(slot.samples); }
  void prepare(Slot& slot);
  bool begin_batch();
  Task take();
  void make(ImageMaker& maker, const Task& task) const;
  void mix(Slot& slot) const;
  void fail(int64_t number, int64_t image);
  void finish(Slot& slot);
  void run(ImageMaker& maker);
  void join();
};

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
  const int64_t count = batch.count + (options.mixes() ? 1 : 0);
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

void Loader::State::make(ImageMaker& maker, const Task& task) const {
  Slot& slot = *task.slot;
  const auto i = static_cast<size_t>(task.image);
  int8_t* const dst = task.image < slot.batch.count ? slot.batch.images.data() + task.image * set.image_size() : slot.next.data();
  maker.make(static_cast<uint32_t>(slot.epoch), slot.samples[i], slot.draws[i], dst);
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
  if (options.mixes()) mix(slot);
  {
    const std::lock_guard lock(mutex);
    slot.made = true;
  }
  changed.notify_all();
}

void Loader::State::run(ImageMaker& maker) {
  while (true) {
    const Task task = take();
    if (task.slot == nullptr) return;
    try {
      make(maker, task);
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

Loader::Loader(const Dataset& set, const Normalization& norm, const LoaderOptions& options)
    : state_(std::make_unique<State>(set, norm, options)) {
  State& s = *state_;
  s.per_epoch = options.training ? set.count / options.batch : (set.count + options.batch - 1) / options.batch;
  const int threads = set.files.empty() ? 1 : options.threads;
  const int64_t images = largest_slice(options.batch, options.ranks);
  s.slots.resize(static_cast<size_t>(kReady + (threads + images - 1) / images));
  s.order.resize(static_cast<size_t>(set.count));
  std::iota(s.order.begin(), s.order.end(), 0);
  s.makers.reserve(static_cast<size_t>(threads));
  for (int i = 0; i < threads; ++i) s.makers.emplace_back(s.set, s.norm, s.options, kKeptBytes / static_cast<size_t>(threads));
  for (State::Slot& slot : s.slots) {
    slot.samples.reserve(static_cast<size_t>(images) + 1);
    slot.draws.reserve(static_cast<size_t>(images) + 1);
    slot.batch.images.resize(static_cast<size_t>(images * set.image_size()));
    slot.batch.labels.resize(static_cast<size_t>(images));
    if (!options.mixes()) continue;
    slot.batch.other_labels.resize(static_cast<size_t>(images));
    slot.batch.other_shares.resize(static_cast<size_t>(images));
    slot.next.resize(static_cast<size_t>(set.image_size()));
  }
  s.threads.reserve(static_cast<size_t>(threads));
  try {
    for (ImageMaker& maker : s.makers) s.threads.emplace_back([&s, &maker] { s.run(maker); });
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
