// This process as one of several ranks: python/intrain/distributed.py says when.
#pragma once

#include <nanobind/nanobind.h>

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "busy.h"
#include "core/error.h"
#include "core/reducer.h"
#include "errors.h"

namespace intrain::python {

// Null for a process by itself, else for the Runtime of a training. Throws Error where several processes were started and this one has not said how it
// trains, where the ranks have parted, and in a process that a rank forked.
std::unique_ptr<Reducer> reducer_of_ranks();

// This rank's part of its machine's cores, where it is one.
std::optional<int> threads_of_rank();

// What all ranks do at once, in one order: by one thread at a time. With the GIL. Throws Error as reducer_of_ranks does.
class Together {
 public:
  explicit Together(Reducer& reducer);
  // Of what the caller gave, images and labels: throws Error on all ranks, naming those that differ, unless all have the same.
  void check_same_images(std::initializer_list<std::span<const std::byte>> parts) const;

 private:
  Reducer& reducer_;
  std::optional<Busy::Use> use_;
};

// body(), whose errors that tell of other ranks are of no kind, and remembered: how this one ends goes by them, if they end it.
void remember(const LostRank& error);
void remember(const ToldElsewhere& error);
template <class Body>
auto remembering(Body&& body) {
  try {
    return std::forward<Body>(body)();
  } catch (const LostRank& e) {
    remember(e);
    throw KindError(e, Kind::kError);
  } catch (const ToldElsewhere& e) {
    remember(e);
    throw KindError(e, Kind::kError);
  }
}

// What was cut short although nothing stopped this rank.
ToldElsewhere stopped_elsewhere();

void bind_ranks(nanobind::module_& m);

}  // namespace intrain::python
