#include "cli/ranks.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <thread>

#include "cli/output.h"
#include "core/rank_agreement.h"
#include "ranks/farewell.h"
#include "ranks/launch.h"
#include "ranks/mpi_library.h"
#include "ranks/mpi_ranks.h"

namespace intrain::cli {

namespace {

struct World {
  Launch launch = find_launch();
  std::unique_ptr<MpiRanks> ranks;  // null: not joined
  bool tried = false, ended = false;
};

World& world() {
  static World all;
  return all;
}

// Where the ranks did not come together: told by the one that the launcher calls the first, and by others unless that ended them.
int end_alone(const Error& error) {
  const Launch& launch = world().launch;
  if (launch.is_alone()) return print_error(error);
  if (launch.rank > 0) std::this_thread::sleep_for(std::chrono::seconds(1));
  set_rank("rank " + std::to_string(launch.rank) + " on " + host_name(), launch.rank == 0);
  return print_error(error);
}

}  // namespace

void join_ranks() {
  World& w = world();
  if (w.launch.is_alone() || w.tried) return;
  w.tried = true;
  MpiOptions options;
  options.patience_ms = patience_of_environment();
  options.warn = [](const std::string& line) { print_warning(line); };
  w.ranks = std::make_unique<MpiRanks>(load_mpi_plugin(w.launch, folder_of_program()), w.launch, std::move(options));
  set_rank(w.ranks->name_of(w.ranks->rank()), w.ranks->rank() == 0);
}

void stay_apart() { world().tried = true; }

void refuse_ranks(const std::string& command) {
  const Launch& launch = world().launch;
  if (!launch.is_alone())
    throw Error("'intrain " + command + "' runs on one process, and " + launch.launcher + " started several", "",
                "start it without " + launch.launcher);
}

bool is_first_rank() { return !world().ranks || world().ranks->rank() == 0; }
int rank_count() { return world().ranks ? world().ranks->ranks() : 1; }

std::unique_ptr<Reducer> make_reducer() { return world().ranks ? world().ranks->reducer() : nullptr; }

std::shared_ptr<Runtime> make_runtime(int threads) { return std::make_shared<Runtime>(threads, make_reducer()); }

int threads_here(int threads, bool given) { return given || !world().ranks ? threads : world().ranks->threads(); }

int largest_of_ranks(int value) {
  int64_t largest = value;
  if (world().ranks) world().ranks->reducer()->max(&largest, 1);
  return static_cast<int>(largest);
}

uint64_t of_first_rank(uint64_t value) {
  int64_t first = is_first_rank() ? static_cast<int64_t>(value) : 0;
  if (world().ranks) world().ranks->reducer()->sum(&first, 1);
  return static_cast<uint64_t>(first);
}

void check_same_on_ranks(const std::string& what, uint64_t here, const std::string& hint) {
  if (world().ranks) check_same(*world().ranks->reducer(), what, here, hint);
}

int end_with(const Error& error) {
  constexpr int kBadInput = 2;
  World& w = world();
  try {
    join_ranks();  // of what is wrong before, as a flag, the others know too
  } catch (const Error&) {
  }
  if (!w.ranks) return end_alone(error);
  w.ended = true;
  const Farewell farewell = part_with(*w.ranks, error);
  if (farewell.tells) print_error(error);
  if (!farewell.all_came) w.ranks->abort(kBadInput);
  return kBadInput;
}

void leave_ranks() {
  World& w = world();
  if (!w.ranks) return;
  if (!w.ended && !w.ranks->end(0, -1)) w.ranks->abort(1);
  w.ranks->leave();
  w.ranks.reset();
}

}  // namespace intrain::cli
