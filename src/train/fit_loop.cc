// Trainer::fit: epochs of steps, evaluations between, and what the observer is told.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <optional>

#include "base/formats.h"
#include "base/rounding.h"
#include "checkpoint/signature.h"
#include "core/error.h"
#include "ops/sgd_momentum/sgd_momentum.h"
#include "ops/sgd_momentum/wageubn.h"
#include "train/average_in_use.h"
#include "train/data_options.h"
#include "train/over_ranks.h"
#include "train/same_state.h"
#include "train/training.h"

namespace intrain {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

LoaderOptions loader_of(const TrainConfig& config, const DataSplits& data, int64_t first_batch, const Reducer& reducer) {
  LoaderOptions options = training_loader(config, data.mirror);
  options.first_step = first_batch;
  options.rank = reducer.rank();
  options.ranks = reducer.ranks();
  return options;
}

// What a loader could not load: the net's state is that after the step before.
struct Unloadable {
  std::exception_ptr error;  // Error, or what derives from it

  [[noreturn]] void rethrow(int64_t step, bool is_saved) const {
    try {
      std::rethrow_exception(error);
    } catch (const Error& e) {
      throw LoadFailure(e, step, is_saved);
    }
  }
};

const Batch& next_batch(Loader& loader, Reducer& reducer) {
  try {
    return next_on_all(loader, reducer);
  } catch (const LostRank&) {
    throw;
  } catch (const Error&) {
    throw Unloadable{std::current_exception()};
  } catch (const std::bad_alloc&) {
    throw Unloadable{std::make_exception_ptr(Error("out of memory", Setting{"batch"}, ""))};
  }
}

// Shows a net's numbers to a sink while it is there: also where the step throws, the net must not keep a sink that goes.
class SinkInUse {
 public:
  SinkInUse(Net& net, TensorSink* sink) : net_(net) { net_.set_tensor_sink(sink); }
  ~SinkInUse() { net_.set_tensor_sink(nullptr); }
  SinkInUse(const SinkInUse&) = delete;
  SinkInUse& operator=(const SinkInUse&) = delete;

 private:
  Net& net_;
};

}  // namespace

// One call of fit().
class Trainer::Training::Loop {
 public:
  Loop(Training& training, TrainObserver& observer, const std::atomic<int>* stop)
      : t_(training),
        config_(t_.config_),
        observer_(observer),
        stop_(stop),
        first_step_(t_.step_),
        train_loader_(t_.data_.train, t_.parts_.norm, loader_of(config_, t_.data_, t_.batches_before(t_.step_), t_.reducer())),
        numbers_(config_.widths) {
    if (has_tests()) test_loader_.emplace(t_.data_.test, t_.parts_.norm, t_.evaluation_loader());
  }

  FitResult run() {
    wants_numbers_ = on_any(t_.reducer(), observer_.wants_numbers());
    observer_.on_ready();
    observer_.on_start(t_.plan());
    earlier_ = observer_.elapsed();
    epoch_seconds_ = earlier_.epoch_seconds;
    start_ = Clock::now();
    FitResult result;
    // What can be gone on with from the first moment on.
    if (t_.step_ == 0 || t_.is_other_length_) save(StateUse::kResume);
    if (t_.step_ == 0) show_signature();
    try {
      train_epochs(result);
    } catch (const Unloadable& failure) {
      const bool is_saved = !t_.finished();
      if (is_saved) save(StateUse::kResume);
      failure.rethrow(t_.step_, is_saved);
    }
    result.step = t_.step_;
    result.signature = state_signature(t_.net_.state(), t_.step_);
    result.seconds = seconds();
    return result;
  }

 private:
  bool has_tests() const { return t_.data_.test.count != 0; }
  // Asked at the same places on all ranks.
  bool stopping() const { return on_any(t_.reducer(), stop_ != nullptr && *stop_ != 0); }
  double seconds() const { return earlier_.seconds + seconds_since(start_); }
  void save(StateUse use) { observer_.on_state(t_.info(), t_.net_.state(), use); }

  void train_epochs(FitResult& result) {
    if (t_.finished()) {  // a run that goes on after its end
      result.test = evaluate_now();
      result.stopped = stopping();
    }
    while (!t_.finished() && !result.stopped) {
      const int epoch = static_cast<int>(t_.info_.epoch) + 1;
      train_epoch(epoch);
      const Evaluation test = evaluate_now();
      result.stopped = stopping();
      if (result.stopped) {
        check_same_state(t_.reducer(), t_.net_.state(), t_.step_);
        save(StateUse::kResume);
      } else {
        result.test = test;
        end_epoch(epoch, test.metrics);
      }
    }
  }

  Evaluation evaluate_now() {
    if (!has_tests()) return {};
    const Clock::time_point start = Clock::now();
    const AverageInUse average(t_.net_);
    try {
      Evaluation test = intrain::evaluate(t_.net_, *test_loader_, stop_, {}, views_of(config_));
      evaluation_seconds_ = seconds_since(start);
      return test;
    } catch (const LostRank&) {
      throw;
    } catch (const Error&) {
      throw Unloadable{std::current_exception()};
    }
  }

  // What is left of the epoch, or up to a stop.
  void train_epoch(int epoch) {
    const int64_t end = epoch * t_.per_epoch_;
    while (t_.step_ < end && !stopping()) {
      const Clock::time_point start = Clock::now();
      t_.begin_step();
      const bool look = wants_numbers_ && t_.step_ % kNumbersEvery == 0;
      const Metrics metrics = look ? looked_at_step() : one_step();
      t_.end_step();
      if (look) show_numbers();
      const double step_seconds = seconds_since(start);
      t_.epoch_sum_ += metrics;
      epoch_seconds_ += step_seconds;
      stepped_seconds_ += step_seconds;
      training_seconds_ += step_seconds;
      const Scalar10 rate = t_.sgd_.rate;
      observer_.on_step({t_.step_, t_.schedule_.total_steps, epoch, metrics.mean_loss(), metrics.accuracy(),
                         std::ldexp(rate.mantissa, rate.exp), static_cast<double>(metrics.count) / step_seconds,
                         seconds_left(epoch)});
      if (t_.step_ == end || (config_.audit_every > 0 && t_.step_ % config_.audit_every == 0)) show_signature();
      if (config_.save_every > 0 && t_.step_ % config_.save_every == 0 && t_.step_ < end) {
        check_same_state(t_.reducer(), t_.net_.state(), t_.step_);
        save(StateUse::kResume);
      }
    }
  }

  void show_signature() {
    const std::vector<StateArray> state = t_.net_.state();
    check_same_state(t_.reducer(), state, t_.step_);
    observer_.on_signature(t_.step_, state_signature(state, t_.step_));
  }

  const Batch& next_training_batch() {
    const Clock::time_point start = Clock::now();
    const Batch& batch = next_batch(train_loader_, t_.reducer());
    waited_seconds_ += seconds_since(start);
    return batch;
  }

  Metrics step_on(const Batch& batch) {
    train_step(t_.net_, batch, t_.sgd_);
    return t_.measured(batch);
  }

  Metrics step_on_several() {
    Metrics sum;
    const int64_t first = t_.batches_before(t_.step_);
    t_.statistics_.take();
    try {
      for (int64_t i = 0; i < config_.accumulate; ++i) {
        const Batch& batch = next_training_batch();
        t_.accumulated_.add(batch, config_.seed, static_cast<uint32_t>(first + i));
        sum += t_.measured(batch);
      }
      // What does not fill a step at an epoch's end is left out; before the update, for a photo that went lost there leaves the step undone.
      for (int64_t next = first + config_.accumulate; next < t_.batches_before(t_.step_ + 1); ++next) next_training_batch();
    } catch (const Unloadable&) {
      t_.statistics_.put_back();  // of a step that is done again
      t_.accumulated_.clear();
      throw;
    }
    t_.accumulated_.update(t_.sgd_);
    return sum;
  }

  Metrics one_step() { return config_.accumulate == 1 ? step_on(next_training_batch()) : step_on_several(); }

  Metrics looked_at_step() {
    if (config_.widths.constant_g) numbers_.set_gradient_bits(t_.sgd_.range_log2 + 1);
    const SinkInUse sink(t_.net_, &numbers_);
    return one_step();
  }

  void show_numbers() {
    add_up(t_.reducer(), numbers_.layers());
    int64_t stored_saturated = 0;
    for (const Parameter* p : t_.net_.parameters()) {
      const int64_t most =
          config_.widths.constant_g ? ops::wageubn_most(p->is_weight(), t_.sgd_.coarse) : ops::sgd_most(t_.sgd_.coarse);
      for (const int32_t w : p->master) stored_saturated += magnitude(w) >= static_cast<uint64_t>(most);
    }
    observer_.on_numbers(t_.step_, numbers_.layers(), stored_saturated);
    numbers_.clear();
  }

  void end_epoch(int epoch, const Metrics& test) {
    CheckpointInfo& info = t_.info_;
    EpochReport report{};
    report.epoch = epoch;
    report.step = t_.step_;
    report.train_loss = t_.epoch_sum_.mean_loss();
    report.train_accuracy = t_.epoch_sum_.accuracy();
    report.test_loss = has_tests() ? test.mean_loss() : NAN;
    report.test_accuracy = has_tests() ? test.accuracy() : NAN;
    // As shares: test photos that went lost between are missing of the one or the other.
    report.best = has_tests() && (epoch == 1 || test.hits * info.test_count > info.best_hits * test.count);
    report.images_per_second = static_cast<double>(t_.epoch_sum_.count) / epoch_seconds_;
    report.seconds = seconds();
    report.waited = stepped_seconds_ > 0 ? waited_seconds_ / stepped_seconds_ : 0;
    t_.epoch_sum_ = {};
    epoch_seconds_ = stepped_seconds_ = waited_seconds_ = 0;
    info.epoch = epoch;
    if (report.best) {
      info.best_hits = test.hits;
      info.test_count = test.count;
      info.best_epoch = epoch;
    }
    observer_.on_parameters(t_.step_, t_.net_.parameters());
    observer_.on_epoch(report);
    // Step-N before best: a crash between them must not lose the newest state.
    if (!t_.finished()) save(StateUse::kResume);
    if (report.best) save(StateUse::kBest);
    if (t_.finished()) save(StateUse::kFinal);
  }

  double seconds_left(int epoch) const {
    const double each = training_seconds_ / static_cast<double>(t_.step_ - first_step_);
    // A forward pass is about a third of a step: the guess until an evaluation has been timed.
    const double evaluation = evaluation_seconds_ > 0 ? evaluation_seconds_
                              : has_tests()           ? each / 3 * static_cast<double>(test_loader_->steps_per_epoch())
                                                      : 0;
    return each * static_cast<double>(t_.schedule_.total_steps - t_.step_) + evaluation * (config_.epochs - epoch + 1);
  }

  Training& t_;
  const TrainConfig& config_;
  TrainObserver& observer_;
  const std::atomic<int>* const stop_;
  const int64_t first_step_;
  Loader train_loader_;
  std::optional<Loader> test_loader_;  // where there is something to evaluate on
  NumbersSink numbers_;
  bool wants_numbers_ = false;  // any rank's observer
  Clock::time_point start_;
  Elapsed earlier_;
  double epoch_seconds_ = 0;                              // of the epoch so far
  double stepped_seconds_ = 0, waited_seconds_ = 0;       // of the epoch's steps here; of that, for images
  double training_seconds_ = 0, evaluation_seconds_ = 0;  // of all steps here; of the last evaluation
};

FitResult Trainer::Training::fit(TrainObserver& observer, const std::atomic<int>* stop) {
  return Loop(*this, observer, stop).run();
}

}  // namespace intrain
