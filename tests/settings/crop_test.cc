#include "settings/crop.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "data/dataset.h"
#include "settings/config_file.h"
#include "settings/config_json.h"
#include "support/temp_folder.h"

namespace intrain {
namespace {

TEST(Crop, IsAShareOrAll) {
  EXPECT_EQ(parse_crop("0.875"), kStandardCropQ16);
  EXPECT_EQ(parse_crop("1"), 65536);
  EXPECT_EQ(parse_crop("0.5"), 32768);
  EXPECT_EQ(parse_crop("0.1"), 6554);
  EXPECT_EQ(parse_crop("whole"), 0);
  for (const char* text :
       {"", "0", "0.09", "1.1", "-1", "+1", "nan", "inf", "Whole", "0.5 ", " 0.5", "0,5", "5e-1", "0x1", "auto"})
    test::expect_error([&] { parse_crop(text); }, "is not possible", "crop");
  EXPECT_EQ(crop_text(kStandardCropQ16), "their middle square of 0.875 of the shorter side");
  EXPECT_EQ(crop_text(parse_crop("0.3")), "their middle square of 0.3 of the shorter side");
  EXPECT_EQ(crop_text(0), "all of them");
}

TEST(Crop, FollowsTheAugmentationUnlessItIsGiven) {
  TrainConfig config;
  EXPECT_EQ(crop_of(config), kStandardCropQ16);
  config.augment = "none";
  EXPECT_EQ(crop_of(config), 0);
  config.crop = "0.5";
  EXPECT_EQ(crop_of(config), 32768);
  config.crop = "0";
  test::expect_error([&] { validate(config); }, "", "crop");
}

// Runs from before it was a setting saw 7/8, whatever they trained on.
TEST(Crop, OfOlderRunsIsAsTheyHadIt) {
  for (const char* augment : {"standard", "none"}) {
    TrainConfig config;
    config.augment = augment;
    nlohmann::ordered_json json = config;
    json.erase("crop");
    EXPECT_EQ(crop_of(json.get<TrainConfig>()), kStandardCropQ16) << augment;
    const test::TempFolder folder;
    const std::string text = json.dump();
    test::write_bytes(folder.file("config.json"), {text.begin(), text.end()});
    TrainConfig read;
    read_config(folder.file("config.json"), read);
    EXPECT_EQ(crop_of(read), kStandardCropQ16) << augment;
  }
  // Some settings of a person's own are for this version.
  const test::TempFolder folder;
  const std::string text = R"({"augment": "none"})";
  test::write_bytes(folder.file("mine.json"), {text.begin(), text.end()});
  TrainConfig read;
  read_config(folder.file("mine.json"), read);
  EXPECT_EQ(crop_of(read), 0);
}

}  // namespace
}  // namespace intrain
