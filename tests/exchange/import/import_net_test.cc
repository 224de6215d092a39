// A file becomes a checkpoint in one call: that of its parts, which the other tests here look at.
#include "exchange/import/import_net.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "exchange/import/border.h"
#include "exchange/import/float_net.h"
#include "exchange/import/import.h"
#include "models/models.h"
#include "support/float_files.h"
#include "support/nets.h"
#include "support/temp_folder.h"
#include "train/trained_net.h"

namespace intrain::test {
namespace {

constexpr int kBatch = 64, kSide = 12, kClasses = 10;

class ImportNet : public testing::Test {
 protected:
  ImportNet() : from_(build_model("mlp", kSide, kSide, 1, kClasses), kBatch), steps_(net_steps(from_.net, "mlp")) {
    for (uint32_t step = 0; step < 4; ++step) from_.train(synthetic_batch(kBatch), 100, step);
    write_tensors(tensors_.safetensors, named(steps_, {"fc1", "fc2", "fc3", "fc4"}));
    OnnxNet(steps_, false).write(graph_.onnx);
    config_.model = "mlp";
    config_.data = data_.spec = "synthetic:256";
  }

  static std::vector<uint8_t> bytes(ImportedNet imported) { return checkpoint_bytes(imported.info, imported.net.state()); }
  std::vector<uint8_t> bytes(const ImportOptions& options, const TrainConfig& config) const {
    return bytes(import_net(options, config, data_));
  }
  void refused(const ImportOptions& options, const TrainConfig& config, const std::string& setting) const {
    try {
      import_net(options, config, data_);
      ADD_FAILURE() << setting << " was taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.setting, setting) << error.what();
      EXPECT_FALSE(error.hint.empty());
    }
  }

  const TempFolder folder_;
  ImportOptions tensors_{folder_.file("net.safetensors"), ""}, graph_{"", folder_.file("small.onnx")};
  TrainConfig config_;
  DataSplits data_ = make_synthetic(256, 1);
  ReadyNet from_;
  std::vector<NetStep> steps_;
};

TEST_F(ImportNet, TheCheckpointHoldsTheNetOfTheParts) {
  ImportedNet imported = import_net(tensors_, config_, data_);
  const Normalization norm = make_normalization(data_.train);
  ReadyNet by_parts(build_model("mlp", kSide, kSide, 1, kClasses), 128, {.seed = config_.seed});
  const std::vector<NetStep> steps = net_steps(by_parts.net, "mlp");
  const ImportReport report = import_layers(by_parts.net, steps, read_safetensors_net(tensors_.safetensors, steps, {}),
                                            tensors_.safetensors, data_.train, norm, 256, 128);
  EXPECT_EQ(checkpoint_bytes(imported.info, imported.net.state()), checkpoint_bytes(imported.info, by_parts.net.state()));
  ASSERT_EQ(imported.report.layers.size(), report.layers.size());
  for (size_t i = 0; i < report.layers.size(); ++i)
    EXPECT_EQ(imported.report.layers[i].scale_log2, report.layers[i].scale_log2) << i;

  EXPECT_EQ(imported.info.model, "mlp");
  EXPECT_EQ(imported.info.step, 0);
  EXPECT_EQ(imported.info.classes, kClasses);
  EXPECT_EQ(imported.info.train_count, 256);
  EXPECT_TRUE(imported.info.data.has_value());
  EXPECT_TRUE(std::equal(norm.table[0], norm.table[0] + 256, imported.info.normalization.begin()));
}

TEST_F(ImportNet, WhatReadsCheckpointsReadsIt) {
  ImportedNet imported = import_net(tensors_, config_, data_);
  TrainedNet read(parse_checkpoint(checkpoint_bytes(imported.info, imported.net.state()), "memory"), kBatch, false, 1);
  const Batch batch = synthetic_batch(kBatch);
  read.net.evaluate(batch);
  imported.net.evaluate(batch);
  EXPECT_EQ(logits_of(read.net, kBatch), logits_of(imported.net, kBatch));
}

TEST_F(ImportNet, AGraphSaysItsNet) {
  const std::vector<uint8_t> known = bytes(graph_, config_);
  config_.model.clear();
  ImportedNet imported = import_net(graph_, config_, data_);
  EXPECT_EQ(imported.info.model, "small.toml");
  EXPECT_NE(imported.info.config.net.find("[[layer]]"), std::string::npos);
  // Of the same numbers, whichever its layers' names are.
  const Batch batch = synthetic_batch(kBatch);
  imported.net.evaluate(batch);
  TrainedNet named_one(parse_checkpoint(known, "memory"), kBatch, false, 1);
  named_one.net.evaluate(batch);
  EXPECT_EQ(logits_of(imported.net, kBatch), logits_of(named_one.net, kBatch));
}

TEST_F(ImportNet, TheBorderIsLookedForWhereItIsNotKnown) {
  const ImportedNet found = import_net(tensors_, config_, data_);
  EXPECT_TRUE(found.border == "mean" || found.border == "black") << found.border;
  EXPECT_EQ(found.info.config.border, found.border);
  ImportOptions none = tensors_, head = tensors_;
  none.calibrate = 0;
  head.new_head = true;
  EXPECT_EQ(import_net(none, config_, data_).border, "");
  EXPECT_EQ(import_net(head, config_, data_).border, "");
  config_.border = "black";
  const ImportedNet given = import_net(tensors_, config_, data_);
  EXPECT_EQ(given.border, "");
  EXPECT_EQ(given.info.config.border, "black");
}

TEST_F(ImportNet, ThreadsChangeNoNumber) {
  ImportedNet one = import_net(tensors_, config_, data_);
  config_.threads = 3;
  ImportedNet three = import_net(tensors_, config_, data_);
  three.info.config.threads = one.info.config.threads;
  EXPECT_EQ(bytes(std::move(three)), bytes(std::move(one)));
}

TEST_F(ImportNet, EndsWhenItIsAskedTo) {
  const std::atomic<int> stop{1};
  for (ImportOptions* options : {&tensors_, &graph_}) {
    options->stop = &stop;
    test::expect_error([&] { import_net(*options, config_, data_); }, "it was stopped before its end", "");
  }
  // Also where only the border is left to be found.
  EXPECT_THROW(border_hits(from_.net, data_.train, make_normalization(data_.train), false, kBatch, kBatch, &stop), Error);
}

TEST_F(ImportNet, WhatCannotBeIsRefusedByItsSetting) {
  refused({}, config_, "safetensors");
  refused({tensors_.safetensors, graph_.onnx}, config_, "safetensors");
  ImportOptions few = tensors_;
  few.calibrate = -1;
  refused(few, config_, "calibrate");
  TrainConfig other = config_;
  other.model.clear();
  refused(tensors_, other, "model");
  other = config_;
  other.widths.w = 4;
  refused(tensors_, other, "formats");
  other = config_;
  other.threads = 0;
  refused(tensors_, other, "threads");
  other = config_;
  other.mean = other.deviation = {0.5};
  data_.train = data_.train.without_images();
  refused(tensors_, other, "data");
}

}  // namespace
}  // namespace intrain::test
