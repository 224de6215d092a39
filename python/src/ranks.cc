#include "ranks.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <unistd.h>

#include <string>

#include "bindings.h"
#include "cli/output.h"
#include "core/hash.h"
#include "core/rank_agreement.h"
#include "documented.h"
#include "errors.h"
#include "ranks/farewell.h"
#include "ranks/launch.h"
#include "ranks/mpi_library.h"
#include "ranks/mpi_ranks.h"

namespace intrain::python {

namespace {

struct World {
  std::unique_ptr<MpiRanks> ranks;  // null: not joined
  pid_t process = 0;                // that has joined
  bool apart = false;
  bool ended = false, all_came = true, left = false;
  Busy busy;
  std::optional<LostRank> lost;
  std::optional<ToldElsewhere> told_elsewhere;
};

// Never destroyed: a process that a rank forks has its memory, but not its threads.
World& world() {
  static World& all = *new World;
  return all;
}

// That is still one, in this process.
MpiRanks* living() {
  World& w = world();
  return w.ranks && w.process == getpid() && !w.ended ? w.ranks.get() : nullptr;
}

void check_living() {
  const World& w = world();
  if (w.process != getpid())
    throw Error("this process was forked by a rank, and is none itself", "", "train in the process that called initialize()");
  if (w.ended) throw Error("the ranks have parted", "", "train before the program ends");
}

const char* const kOneOfBoth = "call either initialize() or stay_apart(), in all processes";

void stay_apart() {
  if (world().ranks) throw Error("this process is a rank: initialize() was called before", "", kOneOfBoth);
  world().apart = true;
}

void join(const std::string& folder) {
  World& w = world();
  if (w.ranks) return check_living();
  const Launch launch = find_launch();
  if (launch.is_alone()) return;
  if (w.apart) throw Error("this process is to stay apart: stay_apart() was called before", "", kOneOfBoth);
  const nb::gil_scoped_release release;
  MpiOptions options;
  options.patience_ms = patience_of_environment();
  options.shares_process = true;  // as with mpi4py
  // Not through Python: what hangs may hold its lock.
  options.warn = [](const std::string& line) { cli::print_warning(line); };
  w.ranks = std::make_unique<MpiRanks>(load_mpi_plugin(launch, folder), launch, std::move(options));
  w.process = getpid();
}

// Of the error that Python is about to end with, as it is written. Whether this rank is to write it.
bool end(const std::string& text) {
  World& w = world();
  MpiRanks* const ranks = living();
  if (ranks == nullptr) return true;
  w.ended = true;
  w.all_came = false;  // should parting fail, too
  const nb::gil_scoped_release release;
  const auto is = [&](const auto& error) { return error && text.find(error->what()) != std::string::npos; };
  const Farewell farewell = is(w.lost)             ? part_with(*ranks, *w.lost)
                            : is(w.told_elsewhere) ? part_with(*ranks, *w.told_elsewhere)
                                                   : part_with(*ranks, Error(text, "", ""));
  w.all_came = farewell.all_came;
  return farewell.tells;
}

// Empty in a process that a rank forked, maybe while another thread of it held a lock.
std::string name_of_rank() {
  const World& w = world();
  return w.ranks && w.process == getpid() ? w.ranks->name_of(w.ranks->rank()) : "";
}

void leave() {
  World& w = world();
  if (!w.ranks || w.process != getpid() || w.left) return;
  const nb::gil_scoped_release release;
  if (!w.ended) w.all_came = w.ranks->end(0, -1).has_value();
  w.ended = w.left = true;
  if (!w.all_came) w.ranks->abort(1);
  w.ranks->leave();
}

}  // namespace

std::unique_ptr<Reducer> reducer_of_ranks() {
  World& w = world();
  if (w.ranks) {
    check_living();
    return w.ranks->reducer();
  }
  if (const Launch launch = find_launch(); !launch.is_alone() && !w.apart)
    throw Error(launch.launcher + " started several processes, and each would train alone", "",
                "call intrain.distributed.initialize() before, or intrain.distributed.stay_apart() if each is to");
  return nullptr;
}

std::optional<int> threads_of_rank() {
  const MpiRanks* const ranks = living();
  return ranks != nullptr ? std::optional(ranks->threads()) : std::nullopt;
}

Together::Together(Reducer& reducer) : reducer_(reducer) {
  if (reducer.ranks() == 1) return;
  check_living();
  use_.emplace(world().busy, false);
}

void Together::check_same_images(std::initializer_list<std::span<const std::byte>> parts) const {
  if (reducer_.ranks() == 1) return;
  Hash64 hash;
  for (const std::span<const std::byte> part : parts) {
    const uint64_t bytes = part.size();
    hash.add(&bytes, sizeof bytes);
    hash.add(part.data(), part.size());
  }
  check_same(reducer_, "the images and labels", hash.digest(), "give all ranks the same: each takes its part of them");
}

ToldElsewhere stopped_elsewhere() { return {"another rank was stopped", "", "its own message says why"}; }

void remember(const LostRank& error) { world().lost = error; }
void remember(const ToldElsewhere& error) { world().told_elsewhere = error; }

void bind_ranks(nb::module_& m) {
  define(m, "join_ranks", join, nb::arg("folder"));
  define(m, "stay_apart", stay_apart);
  define(m, "are_ranks_joined", [] { return living() != nullptr; });
  define(m, "rank", [] { return world().ranks ? world().ranks->rank() : 0; });
  define(m, "rank_count", [] { return world().ranks ? world().ranks->ranks() : 1; });
  define(m, "rank_name", name_of_rank);
  define(m, "launcher", [] {
    const Launch launch = find_launch();
    return launch.is_alone() ? std::string() : launch.launcher;
  });
  define(m, "end_ranks", end, nb::arg("error"));
  define(m, "leave_ranks", leave);
}

}  // namespace intrain::python
