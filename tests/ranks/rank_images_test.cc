// Ranks without an image, of other images, and trainings in which not all learns.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "core/local_ranks.h"
#include "data/loader.h"
#include "data/source.h"
#include "support/rank_training.h"
#include "train/evaluate.h"
#include "train/trained_net.h"
#include "train/trainer.h"

namespace intrain {
namespace {

using test::config_of;
using test::Outcome;
using test::train_on;

// Where there are fewer images than ranks the first has none.
TEST(RankImages, EvaluateBatchesOfOneImage) {
  const DataSplits data = load_data("synthetic:64");
  TrainConfig config = config_of("mlp", "synthetic:64", 11);
  config.epochs = 1;
  const Outcome trained = train_on(1, config, data);
  const Checkpoint checkpoint = parse_checkpoint(trained.checkpoint, "memory");
  for (const TestViews views : {TestViews{}, TestViews{true, 0}, TestViews{true, 2}}) {
    std::vector<Evaluation> results;
    for (const int ranks : {1, 2, 3}) {
      std::vector<Evaluation> all(static_cast<size_t>(ranks));
      run_local_ranks(ranks, [&](int rank, std::unique_ptr<Reducer> reducer) {
        TrainedNet net(checkpoint, 1, false, std::make_shared<Runtime>(1, std::move(reducer)));
        Loader loader(data.test, normalization_of(checkpoint), {.batch = 1, .rank = rank, .ranks = ranks});
        all[static_cast<size_t>(rank)] = evaluate(net.net, loader, nullptr, {}, views);
      });
      results.insert(results.end(), all.begin(), all.end());
    }
    for (const Evaluation& e : results) {
      EXPECT_EQ(e.metrics.loss, results[0].metrics.loss);
      EXPECT_EQ(e.losses, results[0].losses);
      EXPECT_EQ(e.probabilities, results[0].probabilities);
      EXPECT_EQ(e.logits_hash, results[0].logits_hash);
    }
  }
}

TEST(RankImages, FewerTestImagesThanRanks) {
  TrainConfig config = config_of("mlp", "synthetic:8", 5);
  config.test_mirror = true;
  const DataSplits data = load_data(config.data);
  ASSERT_EQ(data.test.count, 2);
  const Outcome expected = train_on(1, config, data);
  const Outcome got = train_on(5, config, data);
  EXPECT_EQ(got.told, expected.told);
  EXPECT_EQ(got.losses, expected.losses);
  EXPECT_EQ(got.checkpoint, expected.checkpoint);
}

TEST(RankImages, RunningStatisticsWithoutMomentum) {
  TrainConfig config = config_of("resnet8", "synthetic:32", 8);
  config.epochs = 1;
  config.running_statistics = true;
  config.optimizer = "plain";
  const DataSplits data = load_data(config.data);
  EXPECT_EQ(train_on(3, config, data).checkpoint, train_on(1, config, data).checkpoint);
}

TEST(RankImages, FrozenLowerLayers) {
  TrainConfig config = config_of("resnet8", "synthetic:32", 8);
  config.epochs = 1;
  config.freeze = {"conv0*", "conv1*", "conv2*"};
  const DataSplits data = load_data(config.data);
  EXPECT_EQ(train_on(3, config, data).checkpoint, train_on(1, config, data).checkpoint);
}

// A run that goes on is that of the checkpoint, but each rank's images are its own.
TEST(RankImages, GoOnWithTheSameData) {
  const TrainConfig config = config_of("mlp", "synthetic:64", 11);
  const DataSplits data = load_data(config.data);
  const Checkpoint state = parse_checkpoint(train_on(1, config, data, 7).checkpoint, "memory");
  DataSplits other = data;
  std::vector<uint8_t> pixels(data.test.images.begin(), data.test.images.end());
  pixels[0] ^= 1;
  other.test.images = std::move(pixels);
  std::atomic<int> refused{0};
  run_local_ranks(2, [&](int rank, std::unique_ptr<Reducer> reducer) {
    const auto runtime = std::make_shared<Runtime>(1, std::move(reducer));
    try {
      Trainer trainer(config, rank == 1 ? other : data, {.resume = &state, .runtime = runtime});
    } catch (const Error& e) {
      EXPECT_STREQ(e.what(), "the data of rank 0 and those of rank 1 are not the same");
      ++refused;
    }
  });
  EXPECT_EQ(refused, 2);
}

}  // namespace
}  // namespace intrain
