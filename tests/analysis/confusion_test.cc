#include "analysis/confusion.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "analysis/results_json.h"
#include "report/draw/confusion_picture.h"
#include "support/temp_folder.h"
#include "train/metrics.h"

namespace intrain {
namespace {

using test::TempFolder;

// Seven images of four classes by hand: of class 0 one right and one taken for 1; of class 1 three right (one by the first of equal logits)
// and one taken for 2; of class 2 one, taken for 1; class 3 is neither there nor seen.
class ConfusionTest : public testing::Test {
 protected:
  ConfusionTest() {
    const int32_t logits[7][4] = {{9, 1, 2, 3},   {1, 2, -1, 0},    {-9, -2, -8, -3}, {0, 5, 5, 4},
                                  {-1, 7, 6, -2}, {-5, -4, -3, -9}, {3, 8, 7, 2}};
    for (const auto& row : logits) predicted_.push_back(top_classes(row, 0, 4, 1)[0].label);
  }
  const std::vector<uint16_t> labels_ = {0, 0, 1, 1, 1, 1, 2};
  std::vector<int32_t> predicted_;
};

TEST_F(ConfusionTest, Matrix) {
  EXPECT_EQ(confusion_matrix(labels_, predicted_, 4), (std::vector<int64_t>{1, 1, 0, 0,  //
                                                                            0, 3, 1, 0,  //
                                                                            0, 1, 0, 0,  //
                                                                            0, 0, 0, 0}));
}

TEST_F(ConfusionTest, Classes) {
  const std::vector<ClassCounts> c = count_classes(labels_, predicted_, 4);
  ASSERT_EQ(c.size(), 4u);
  const int64_t images[] = {2, 4, 1, 0}, predicted[] = {1, 5, 1, 0}, hits[] = {1, 3, 0, 0};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(c[i].images, images[i]);
    EXPECT_EQ(c[i].predicted, predicted[i]);
    EXPECT_EQ(c[i].hits, hits[i]);
  }
  EXPECT_EQ(c[0].precision(), 1);
  EXPECT_EQ(c[0].recall(), 0.5);
  EXPECT_DOUBLE_EQ(c[0].f1(), 2.0 / 3);
  EXPECT_EQ(c[1].precision(), 0.6);
  EXPECT_EQ(c[1].recall(), 0.75);
  EXPECT_DOUBLE_EQ(c[1].f1(), 2 * 0.6 * 0.75 / (0.6 + 0.75));
  EXPECT_EQ(c[2].f1(), 0);
  for (const double none : {c[3].precision(), c[3].recall(), c[3].f1()}) EXPECT_TRUE(std::isnan(none));
}

TEST_F(ConfusionTest, Json) {
  Checkpoint checkpoint;
  checkpoint.path = "a.ckpt";
  checkpoint.info.model = "mlp";
  checkpoint.info.classes = 4;
  checkpoint.info.class_names = {"ant", "bee", "cat"};  // one short
  DataSplits data;
  data.spec = "mine";
  data.test.labels = labels_;
  data.broken = {"x\xff.png: no photo"};  // not UTF-8
  Evaluation result{};
  result.metrics.count = 7;
  result.metrics.hits = 4;
  result.metrics.loss = int64_t{14} << 20;
  result.predicted = predicted_;
  const nlohmann::json json = nlohmann::json::parse(evaluation_json(checkpoint, data, "test", result));
  EXPECT_EQ(json["checkpoint"], "a.ckpt");
  EXPECT_EQ(json["split"], "test");
  EXPECT_FALSE(json.contains("crop"));  // images in memory
  EXPECT_EQ(json["images"], 7);
  EXPECT_EQ(json["hits"], 4);
  EXPECT_EQ(json["accuracy"], 4.0 / 7);
  EXPECT_EQ(json["loss"], 2);
  EXPECT_FALSE(json.contains("top5_hits"));
  EXPECT_EQ(json["confusion"], nlohmann::json::parse("[[1,1,0,0],[0,3,1,0],[0,1,0,0],[0,0,0,0]]"));
  EXPECT_EQ(json["classes"][1]["class"], "bee");
  EXPECT_EQ(json["classes"][1]["precision"], 0.6);
  EXPECT_EQ(json["classes"][1]["predicted"], 5);
  EXPECT_EQ(json["classes"][3]["class"], "3");
  EXPECT_TRUE(json["classes"][3]["f1"].is_null());
  EXPECT_EQ(json["broken"].size(), 1u);

  checkpoint.info.classes = kMaxConfusionClasses + 1;
  result.metrics.top5_hits = 7;
  const nlohmann::json large = nlohmann::json::parse(evaluation_json(checkpoint, data, "test", result));
  EXPECT_FALSE(large.contains("confusion"));
  EXPECT_EQ(large["classes"].size(), size_t{kMaxConfusionClasses} + 1);
  EXPECT_EQ(large["top5_accuracy"], 1);
}

TEST_F(ConfusionTest, Draws) {
  const TempFolder folder;
  const std::string path = folder.file("a.png");
  draw_confusion("a net", {"ant", "bee", std::string(1000, 'c'), "Grüße " + std::string(300, '\n')},
                 confusion_matrix(labels_, predicted_, 4), path);
  EXPECT_GT(test::read_bytes(path).size(), 1000u);
  for (const size_t classes : {1, 100, 300, 1000}) {
    std::vector<int64_t> matrix(classes * classes, 1);
    draw_confusion("a net", std::vector<std::string>(classes, "a class"), matrix, path);
    // Width and height from the PNG's header.
    const test::Bytes png = test::read_bytes(path);
    const auto be16 = [&](size_t at) { return png[at] * 256 + png[at + 1]; };
    EXPECT_GT(be16(18), 64);
    EXPECT_LT(be16(18), 1800);
    EXPECT_LT(be16(22), 1800);
  }
  test::expect_error([&] { draw_confusion("a net", {"ant"}, {1}, folder.file("none/a.png")); }, "", "none/a.png");
}

}  // namespace
}  // namespace intrain
