#include "runs/audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <random>

#include "base/random.h"
#include "cli/commands.h"
#include "cli/data.h"
#include "cli/decimal.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/ranks.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/text.h"
#include "train/over_ranks.h"
#include "train/trained_net.h"

namespace intrain::cli {

namespace {

constexpr int kNotAsRecorded = 1;  // exit status

struct AuditFlags {
  std::vector<std::string> runs;  // folders: one or two
  std::optional<int> segments;    // not given: all
  std::optional<uint64_t> seed;   // not given: one that nobody knows before
  std::string data;               // empty: the data that each was trained on
  int threads = 1;
};

// Of `count` segments the numbers of `wanted`, in their order: each choice is as likely.
std::vector<size_t> choose(size_t count, size_t wanted, uint64_t seed) {
  const RandomStream random{seed, RandomUse::kShuffle, 0, 0};
  std::vector<size_t> order(count);
  for (size_t i = 0; i < count; ++i) order[i] = i;
  for (size_t i = count; i-- > 1;) std::swap(order[i], order[random.below(i, static_cast<uint32_t>(i + 1))]);
  order.resize(std::min(count, wanted));
  std::sort(order.begin(), order.end());
  return order;
}

// Ranks compute together what they read each: that must be the same, and enough for each.
void check_ranks(const Audit& audit, const AuditFlags& flags) {
  const std::string all = fmt::format("{} {} {} {}", audit.fingerprint(), flags.runs.size(), flags.segments.value_or(0),
                                      flags.seed ? fmt::format("{}", *flags.seed) : "");
  check_same_on_ranks("the run folder and flags", hash64(all.data(), all.size()),
                      "give all ranks the same flags, and the same files under the same path");
  if (const int batch = audit.config().batch, ranks = rank_count(); batch < ranks)
    throw Error(fmt::format("batches of {} images for {} ranks", batch, ranks), audit.folder(),
                fmt::format("the run's batch stays: start at most {} ranks", batch));
}

DataSplits load_of(const Audit& audit, const AuditFlags& flags) {
  TrainConfig config = audit.config();
  if (!flags.data.empty()) config.data = flags.data;
  config.threads = flags.threads;
  DataSplits data = load_again(config, Trust::kNone);
  if (const std::unique_ptr<Reducer> ranks = make_reducer())
    check_same_data(*ranks, make_info(config, data, normalization_of(config, data.train)));
  return data;
}

// Prints what is wrong, and says whether anything is.
bool tell(const std::vector<std::string>& wrong) {
  for (const std::string& line : wrong) print("WRONG  {}\n", printable(line));
  return !wrong.empty();
}

int not_as_recorded() {
  print("the record is not what data and settings give\n");
  return kNotAsRecorded;
}

// Options that show how far the steps first .. last are.
AuditOptions showing(const AuditFlags& flags, ProgressBar& bar, int64_t first, int64_t last) {
  return {flags.threads, make_runtime(flags.threads), [&bar, first, last](int64_t step) {
            const std::string text = fmt::format("step {} of {}", step, last);
            if (bar.due()) bar.draw("", static_cast<double>(step - first) / static_cast<double>(last - first), text, text);
          }};
}

int audit_run(const AuditFlags& flags) {
  const Audit audit(flags.runs[0]);
  check_ranks(audit, flags);
  const AuditRecord& record = audit.record();
  if (tell(audit.wrong_files())) return not_as_recorded();
  print("record: {} hashes of the state, from step {} to step {}, each covering those before\n", record.entries.size(),
        record.starts.front().step, record.entries.empty() ? record.starts.back().step : record.entries.back().step);
  const DataSplits data = load_of(audit, flags);
  if (tell(audit.wrong_data(data))) return not_as_recorded();
  print("settings and data: as recorded\n");

  const std::vector<AuditPart> segments = audit.parts();
  if (segments.empty()) {
    if (tell(audit.wrong_states({}))) return not_as_recorded();
    throw Error("there is nothing to compute: the record has no step after the only state that is there", audit.folder(),
                "give the run folder as the run left it; with more checkpoints, by `keep`, more stays");
  }
  const uint64_t seed = flags.seed ? *flags.seed : of_first_rank(std::random_device()());
  const size_t wanted = flags.segments ? static_cast<size_t>(*flags.segments) : segments.size();
  const std::vector<size_t> chosen = choose(segments.size(), wanted, seed);
  if (chosen.size() < segments.size()) print("segments: {} of {}, chosen by --seed {}\n", chosen.size(), segments.size(), seed);
  int64_t steps = 0, all = 0;
  for (const AuditPart& segment : segments) all += segment.last - segment.first;
  bool wrong = false;
  std::vector<AuditPart> replayed;
  for (const size_t i : chosen) {
    const AuditPart& segment = segments[i];
    ProgressBar bar(stdout);
    const std::optional<std::string> problem = audit.replay(segment, data, showing(flags, bar, segment.first, segment.last));
    bar.clear();
    steps += segment.last - segment.first;
    print("{}  steps {} to {}{}\n", problem ? "WRONG" : "ok   ", segment.first, segment.last,
          problem ? ": " + printable(*problem) : "");
    flush(stdout);
    wrong = wrong || problem;
    replayed.push_back(segment);
  }
  wrong = tell(audit.wrong_states(replayed)) || wrong;
  if (wrong) return not_as_recorded();
  print("replayed: {} of {} steps\n", steps, all);
  if (record.starts.front().step > 0)
    print("the record begins at step {}: nothing is known of the steps before\n", record.starts.front().step);
  if (segments.front().first > record.starts.front().step)
    print("the first state that is there is that of step {}: nothing before it was computed\n", segments.front().first);
  print("the record is what data and settings give\n");
  return 0;
}

// Two runs whose records part: both are computed again from where they still agreed.
int find_parting(const AuditFlags& flags, const Audit& a, const Audit& b, const AuditParting& parted) {
  const int64_t first = std::max<int64_t>(parted.same, 0), last = *parted.different;
  std::vector<ArrayHashes> traces[2];
  for (int i = 0; i < 2; ++i) {
    const Audit& audit = i == 0 ? a : b;
    const DataSplits data = load_of(audit, flags);
    if (tell(audit.wrong_data(data))) return not_as_recorded();
    ProgressBar bar(stdout);
    traces[i] = audit.trace(first, last, data, showing(flags, bar, 0, last));
  }
  bool replays_agree = true;
  for (int i = 0; i < 2; ++i) {
    const Audit& audit = i == 0 ? a : b;
    for (const AuditEntry& entry : audit.record().entries)
      if (entry.step == last && entry.state != traces[i].back().state) {
        print("WRONG  {}: the state recorded after step {} is not what data and settings give\n", printable(audit.folder()),
              last);
        replays_agree = false;
      }
  }
  if (const std::optional<ArrayDifference> difference = first_difference(traces[0], traces[1]))
    print("the runs part at step {}, in {}\n", difference->step, printable(difference->array));
  else if (replays_agree)
    print("the runs part at step {}, in no array\n", last);
  else
    print("computed again, the runs are the same up to step {}\n", last);
  return kNotAsRecorded;
}

int audit_two(const AuditFlags& flags) {
  const Audit a(flags.runs[0]), b(flags.runs[1]);
  check_ranks(a, flags);
  check_ranks(b, flags);
  if (const bool wrong = tell(a.wrong_files()); tell(b.wrong_files()) || wrong) return not_as_recorded();
  const AuditStart &from = a.record().starts.back(), &to = b.record().starts.back();
  for (const SettingChange& change : changes(from.settings, to.settings, false))
    print("{}: '{}' and '{}'\n", change.name, printable(change.from), printable(change.to));
  for (const std::string& what : changes(from.data, to.data)) print("{} differ\n", what);
  const AuditParting parted = parting(a.record(), b.record());
  if (parted.different) {
    if (parted.same >= 0) print("recorded: the same up to step {}, not at step {}\n", parted.same, *parted.different);
    return find_parting(flags, a, b, parted);
  }
  if (parted.same < 0)
    throw Error("the two records have no step in common", flags.runs[1], "give two runs with records of the same steps");
  print("the runs are the same up to step {}, the last that both recorded\n", parted.same);
  return 0;
}

int run(const AuditFlags& flags) {
  validate_threads(flags.threads);
  if (flags.runs.size() > 2) throw Error("more than two runs", flags.runs[2], "give one run folder, or two to compare");
  if (flags.segments && *flags.segments < 1)
    throw Error(fmt::format("--segments is {}", *flags.segments), "--segments", "give a whole number from 1 on, or leave it out");
  if (flags.runs.size() == 2 && (flags.segments || flags.seed))
    throw Error("two runs have no segments to choose", flags.segments ? "--segments" : "--seed", "give one run folder");
  return flags.runs.size() == 1 ? audit_run(flags) : audit_two(flags);
}

}  // namespace

Command add_audit(CLI::App& app) {
  const auto flags = std::make_shared<AuditFlags>();
  CLI::App& audit = *app.add_subcommand("audit",
                                        "Compute a run again, in parts, and say whether its record is what its data and settings "
                                        "give; or find where two runs part");
  audit.footer(
      "A segment lies between two checkpoints that are there, or the beginning and the first: --keep of train says how many "
      "stay.\n"
      "Exit status: 0, it is as recorded, or the two runs are the same; 1, it is not, or they part; 2, bad input.");
  audit.add_option("run", flags->runs, "run folder; two: find the first step and array in which they differ")
      ->required()
      ->type_name("RUN")
      ->default_str("");
  add_number(audit, "--segments", flags->segments, "how many segments to compute, chosen at random; if not given, all")
      ->type_name("N")
      ->default_str("");
  add_number(audit, "--seed", flags->seed, "seed of the choice; if not given, another one each time, which is shown")
      ->type_name("N")
      ->default_str("");
  add_data(audit, flags->data, "if not given, the data that each was trained on");
  add_threads(audit, flags->threads);
  return {&audit,
          [flags, &audit] {
            flags->threads = threads_here(flags->threads, audit.count("--threads") > 0);
            return run(*flags);
          },
          OnRanks::kTogether};
}

}  // namespace intrain::cli
