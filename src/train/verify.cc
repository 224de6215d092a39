#include "train/verify.h"

#include "core/error.h"
#include "core/hash.h"
#include "data/source.h"
#include "settings/recipe.h"
#include "train/trainer.h"

namespace intrain {

namespace {

struct VerifyProblem {
  const char *name, *model, *recipe, *data;
  int epochs, warmup, batch;
  uint64_t signature;
};

constexpr VerifyProblem kProblems[] = {
#define INTRAIN_VERIFY(name, ...) {#name, __VA_ARGS__},
#include "train/verify.def"
#undef INTRAIN_VERIFY
};

const VerifyProblem& problem_of(const std::string& name) {
  for (const VerifyProblem& p : kProblems)
    if (name == p.name) return p;
  throw Error("no published signature of '" + name + "'", Setting{"model"}, "one of: " + verify_names());
}

}  // namespace

std::string verify_names() {
  std::string names;
  for (const VerifyProblem& p : kProblems) names.append(names.empty() ? "" : ", ").append(p.name);
  return names;
}

VerifyResult run_verify(const std::string& name, int threads) { return run_verify(name, std::make_shared<Runtime>(threads)); }

VerifyResult run_verify(const std::string& name, std::shared_ptr<Runtime> runtime) {
  const VerifyProblem& problem = problem_of(name);
  TrainConfig config;
  apply_recipe(config, problem.recipe);
  config.data = problem.data;
  config.model = problem.model;
  config.epochs = problem.epochs;
  config.batch = problem.batch;
  config.warmup = problem.warmup;
  config.threads = runtime->pool().threads();
  const DataSplits data = load_data(config.data);
  TrainObserver silent;
  const FitResult result = Trainer(config, data, {.runtime = std::move(runtime)}).fit(silent);
  const uint64_t parts[2] = {result.signature, result.test.logits_hash};
  return {hash64(parts, sizeof parts), problem.signature, result.test.metrics.accuracy()};
}

}  // namespace intrain
