#include "train/observer.h"

#include <algorithm>

namespace intrain {

ObserverList::ObserverList(std::vector<TrainObserver*> observers) : observers_(std::move(observers)) {
  std::erase(observers_, nullptr);
}

void ObserverList::on_ready() {
  for (TrainObserver* o : observers_) o->on_ready();
}

void ObserverList::on_start(const TrainingPlan& plan) {
  for (TrainObserver* o : observers_) o->on_start(plan);
}

Elapsed ObserverList::elapsed() const {
  for (const TrainObserver* o : observers_)
    if (const Elapsed known = o->elapsed(); known.seconds > 0) return known;
  return {};
}

void ObserverList::on_step(const StepReport& report) {
  for (TrainObserver* o : observers_) o->on_step(report);
}

bool ObserverList::wants_numbers() const {
  return std::any_of(observers_.begin(), observers_.end(), [](const TrainObserver* o) { return o->wants_numbers(); });
}

void ObserverList::on_numbers(int64_t step, const std::vector<LayerNumbers>& layers, int64_t stored_saturated) {
  for (TrainObserver* o : observers_)
    if (o->wants_numbers()) o->on_numbers(step, layers, stored_saturated);
}

void ObserverList::on_signature(int64_t step, uint64_t signature) {
  for (TrainObserver* o : observers_) o->on_signature(step, signature);
}

void ObserverList::on_parameters(int64_t step, const std::vector<Parameter*>& parameters) {
  for (TrainObserver* o : observers_) o->on_parameters(step, parameters);
}

void ObserverList::on_epoch(const EpochReport& report) {
  for (TrainObserver* o : observers_) o->on_epoch(report);
}

void ObserverList::on_state(const CheckpointInfo& info, const std::vector<StateArray>& state, StateUse use) {
  for (TrainObserver* o : observers_) o->on_state(info, state, use);
}

}  // namespace intrain
