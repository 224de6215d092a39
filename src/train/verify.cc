#include "train/verify.h"

#include "core/error.h"
#include "core/hash.h"
#include "data/source.h"
#include "train/trainer.h"
#include "train/verify_signature.h"

namespace intrain {
namespace {

const VerifyProblem& problem_of(const std::string& model) {
  std::string names;
  for (const VerifyProblem& p : kVerifyProblems) {
    if (model == p.model) return p;
    names += (names.empty() ? "" : ", ") + std::string(p.model);
  }
  throw Error("no published signature of model '" + model + "'", Setting{"model"}, "one of: " + names);
}

}  // namespace

VerifyResult run_verify(const std::string& model, int threads) {
  const VerifyProblem& problem = problem_of(model);
  TrainConfig config;
  config.data = problem.data;
  config.model = problem.model;
  config.epochs = problem.epochs;
  config.batch = problem.batch;
  config.warmup = problem.warmup;
  config.threads = threads;
  const DataSplits data = load_data(config.data);
  TrainObserver silent;
  const FitResult result = Trainer(config, data).fit(silent);
  const uint64_t parts[2] = {result.signature, result.test.logits_hash};
  return {hash64(parts, sizeof parts), problem.signature, result.test.metrics.accuracy()};
}

}  // namespace intrain
