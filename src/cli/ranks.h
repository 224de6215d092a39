// This process as one of the ranks that mpirun or srun started. Alone, nothing here does anything.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/error.h"
#include "nn/runtime.h"

namespace intrain::cli {

// What a subcommand does where several ranks are started.
enum class OnRanks {
  kRefused,   // it writes what the others would write too
  kEach,      // each rank for itself
  kTogether,  // all one thing, which the first tells and writes
};

// Joins the others if this process is one of several. Throws Error if it cannot.
void join_ranks();
// Where each does its own: waits for none of the others.
void stay_apart();
// Where several were started: throws Error, naming the subcommand.
void refuse_ranks(const std::string& command);

bool is_first_rank();
int rank_count();
// For what all ranks do at once; null for a process by itself. One at a time.
std::unique_ptr<Reducer> make_reducer();
// What a net computes with, on all ranks.
std::shared_ptr<Runtime> make_runtime(int threads);
// `threads`, or where nobody gave them this rank's part of the machine's cores.
int threads_here(int threads, bool given);
// The largest on any rank.
int largest_of_ranks(int value);
// That of the first.
uint64_t of_first_rank(uint64_t value);
// Throws Error, naming ranks, unless `here` is the same on all (core/rank_agreement.h).
void check_same_on_ranks(const std::string& what, uint64_t here, const std::string& hint);

// Says an error, of all ranks that have the same one once, and of others after which rank it is. Ends the other ranks if they do not end too.
// The exit status.
int end_with(const Error& error);
// At the end of the program: leaves the others.
void leave_ranks();

}  // namespace intrain::cli
