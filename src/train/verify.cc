#include "train/verify.h"

#include "data/source.h"
#include "io/hash.h"
#include "train/trainer.h"
#include "train/verify_signature.h"

namespace intrain {

VerifyResult run_verify(int threads) {
  TrainConfig config;
  config.data = "synthetic:96";
  config.model = "resnet8";
  config.epochs = 2;
  config.batch = 16;
  config.warmup = 1;
  config.threads = threads;
  const DataSplits data = load_data(config.data);
  TrainOptions options;
  options.write_folder = false;
  const TrainResult result = train(config, data, options);
  const uint64_t parts[2] = {result.signature, result.test.logits_hash};
  return {hash64(parts, sizeof parts), kVerifySignature, result.test.metrics.accuracy()};
}

}  // namespace intrain
