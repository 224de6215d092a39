// From a checkpoint's arrays to those of a net: all of them, or those of a net that begins as another one ended.
#include <algorithm>
#include <cstring>
#include <map>
#include <span>
#include <string_view>
#include <utility>

#include "base/rounding.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/header.h"
#include "core/error.h"

namespace intrain {

namespace {

const std::string kAverage = ".average";

bool is_averaged(StateRole role) { return role == StateRole::kParameter || role == StateRole::kStatistic; }

// By name what only a net prepared for training holds (nn/state.h), of a net with such a state and the checkpoint's settings. A layer of a user's
// own may call its arrays as it likes.
class TrainingState {
 public:
  TrainingState(const Checkpoint& checkpoint, const std::vector<StateArray>& state)
      : has_average_(checkpoint.info.config.average > 0) {
    for (const StateArray& a : state) roles_.emplace(a.name, a.role);
  }
  bool contains(std::string_view name) const {
    return (has_average_ && is_averaged(role_before(kAverage, name))) ||
           role_before(".momentum", name) == StateRole::kParameter || role_before(".momentum_exp", name) == StateRole::kParameter;
  }

 private:
  // Of the array that is called so without the suffix.
  StateRole role_before(std::string_view suffix, std::string_view name) const {
    if (!name.ends_with(suffix)) return StateRole::kOther;
    const auto at = roles_.find(name.substr(0, name.size() - suffix.size()));
    return at == roles_.end() ? StateRole::kOther : at->second;
  }

  std::map<std::string_view, StateRole, std::less<>> roles_;
  bool has_average_;
};

std::string shape_text(const CheckpointArray& a) {
  return a.name + " (" + std::to_string(a.count) + " x " + type_name(a.type) + ")";
}
std::string shape_text(const StateArray& a) { return a.name + " (" + std::to_string(a.count) + " x " + type_name(a.type) + ")"; }

std::string not_fitting(const Checkpoint& checkpoint, const std::string& model) {
  if (checkpoint.info.model == model)
    return "the checkpoint of model '" + model + "' is of another net of that name, or of other images: ";
  return "the checkpoint of model '" + checkpoint.info.model + "' does not fit model '" + model + "': ";
}

// The array of the checkpoint for each of `state`.
std::vector<const CheckpointArray*> sources_of(const Checkpoint& checkpoint, const std::string& model,
                                               const std::vector<StateArray>& state) {
  const auto refuse = [&](const std::string& reason) {
    throw Error(not_fitting(checkpoint, model) + reason, checkpoint.path,
                "use a checkpoint of this model, input shape and number of classes");
  };
  if (checkpoint.info.model != model) refuse("another model");
  const TrainingState training(checkpoint, state);
  std::vector<const CheckpointArray*> sources;
  for (const CheckpointArray& from : checkpoint.arrays) {
    const size_t i = sources.size();
    const bool wanted = i < state.size() && from.name == state[i].name;
    if (!wanted && training.contains(from.name)) continue;
    if (i == state.size()) refuse("it also holds " + shape_text(from));
    if (!wanted || from.type != state[i].type || from.count != state[i].count)
      refuse("it holds " + shape_text(from) + " where the net has " + shape_text(state[i]));
    sources.push_back(&from);
  }
  if (sources.size() < state.size()) refuse("it lacks " + shape_text(state[sources.size()]));
  return sources;
}

// The average of an array where the checkpoint has one, else the array itself.
class Averages {
 public:
  explicit Averages(const Checkpoint& checkpoint) {
    if (checkpoint.info.config.average == 0) return;
    for (const CheckpointArray& a : checkpoint.arrays)
      if (a.name.ends_with(kAverage)) by_name_.emplace(a.name, &a);
  }
  const CheckpointArray* of(const CheckpointArray* a, StateRole role) const {
    const auto at = is_averaged(role) ? by_name_.find(a->name + kAverage) : by_name_.end();
    return at != by_name_.end() && at->second->type == a->type && at->second->count == a->count ? at->second : a;
  }

 private:
  std::map<std::string_view, const CheckpointArray*, std::less<>> by_name_;
};

using Transfer = std::pair<const CheckpointArray*, const StateArray*>;

std::vector<Transfer> transfers_of(const Checkpoint& checkpoint, const std::string& model, const std::vector<StateArray>& state,
                                   const std::string& head, bool same_classes) {
  std::map<std::string_view, const CheckpointArray*> by_name;
  for (const CheckpointArray& a : checkpoint.arrays) by_name.emplace(a.name, &a);
  const Averages averages(checkpoint);
  std::vector<Transfer> transfers;
  for (const StateArray& to : state) {
    if (to.role == StateRole::kOptimizer || to.role == StateRole::kAverage || (to.name.starts_with(head) && !same_classes))
      continue;
    const auto from = by_name.find(to.name);
    if (from == by_name.end() || from->second->type != to.type || from->second->count != to.count)
      throw Error(not_fitting(checkpoint, model) + "it lacks " + shape_text(to), Setting{"init_from", checkpoint.path},
                  "use a checkpoint of this model, for images with as many channels");
    transfers.emplace_back(averages.of(from->second, to.role), &to);
  }
  return transfers;
}

template <class Integer>
void check_numbers(const Checkpoint& checkpoint, const CheckpointArray& a, int64_t least, int64_t most) {
  const auto* numbers = reinterpret_cast<const Integer*>(checkpoint.bytes.data() + a.offset);
  for (int64_t i = 0; i < a.count; ++i)
    if (numbers[i] < least || numbers[i] > most)
      throw Error("stored numbers outside their format: " + a.name + " holds " + std::to_string(numbers[i]) + " at " +
                      std::to_string(i) + ", not from " + std::to_string(least) + " to " + std::to_string(most),
                  checkpoint.path, "no training has written this: use another checkpoint");
}

void check_numbers(const Checkpoint& checkpoint, const CheckpointArray& a, int64_t least, int64_t most) {
  switch (a.type) {
    case ElementType::kS16:
      return check_numbers<int16_t>(checkpoint, a, least, most);
    case ElementType::kS32:
      return check_numbers<int32_t>(checkpoint, a, least, most);
    case ElementType::kS64:
      return check_numbers<int64_t>(checkpoint, a, least, most);
  }
}

void restore(const Checkpoint& checkpoint, const std::vector<const CheckpointArray*>& sources,
             const std::vector<StateArray>& state) {
  for (size_t i = 0; i < state.size(); ++i) check_numbers(checkpoint, *sources[i], state[i].least, state[i].most);
  for (size_t i = 0; i < state.size(); ++i)
    std::memcpy(state[i].data, checkpoint.bytes.data() + sources[i]->offset,
                static_cast<size_t>(state[i].count * element_bytes(state[i].type)));
}

}  // namespace

void check_state(const Checkpoint& checkpoint, const std::string& model, const std::vector<StateArray>& state) {
  sources_of(checkpoint, model, state);
}

void restore_state(const Checkpoint& checkpoint, const std::string& model, const std::vector<StateArray>& state) {
  restore(checkpoint, sources_of(checkpoint, model, state), state);
}

void restore_for_use(const Checkpoint& checkpoint, const std::string& model, const std::vector<StateArray>& state) {
  std::vector<const CheckpointArray*> sources = sources_of(checkpoint, model, state);
  const Averages averages(checkpoint);
  for (size_t i = 0; i < state.size(); ++i) sources[i] = averages.of(sources[i], state[i].role);
  restore(checkpoint, sources, state);
}

void check_transfer(const Checkpoint& checkpoint, const std::string& model, const std::vector<StateArray>& state,
                    const std::string& head, bool same_classes) {
  transfers_of(checkpoint, model, state, head, same_classes);
}

void restore_for_transfer(const Checkpoint& checkpoint, const std::string& model, const std::vector<StateArray>& state,
                          const std::string& head, bool same_classes) {
  const std::vector<Transfer> transfers = transfers_of(checkpoint, model, state, head, same_classes);
  for (const auto& [from, to] : transfers) {
    // A parameter of other widths, or an average, may lie beyond the net's own or between them; it becomes the nearest there is.
    const bool parameter = to->role == StateRole::kParameter;
    check_numbers(checkpoint, *from, parameter ? -INT32_MAX : to->least, parameter ? INT32_MAX : to->most);
  }
  for (const auto& [from, to] : transfers) {
    std::memcpy(to->data, checkpoint.bytes.data() + from->offset, static_cast<size_t>(to->count * element_bytes(to->type)));
    if (to->role != StateRole::kParameter) continue;
    for (int32_t& w : std::span(static_cast<int32_t*>(to->data), static_cast<size_t>(to->count)))
      w = static_cast<int32_t>(clamp(rshift_round(w, to->grid) * (int64_t{1} << to->grid), to->least, to->most));
  }
}

}  // namespace intrain
