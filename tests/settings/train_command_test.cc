#include "settings/train_command.h"

#include <gtest/gtest.h>

#include "settings/recipe.h"
#include "settings/width_keys.h"

namespace intrain {
namespace {

TEST(TrainCommand, TellsItsSettings) {
  TrainConfig config;
  config.freeze = {"conv*", "linear?.beta"};
  config.mean = {0.5, 0.25};
  std::string all;
  for (const Setting& s : settings_of(config)) all += s.name + "=" + s.value + ";";
  EXPECT_TRUE(all.starts_with("data=fashion-mnist;model=resnet8;net=;epochs=3;")) << all;
  for (const std::string part : {";lr=0.1;", ";freeze=conv*,linear?.beta;", ";mean=0.5,0.25;", ";tensorboard=false;",
                                 ";formats.w=8;", ";formats.round_e=stochastic;"})
    EXPECT_NE(all.find(part), std::string::npos) << part;
}

TEST(TrainCommand, TellsTheCommandThatRepeatsIt) {
  TrainConfig config;
  EXPECT_EQ(train_command_of(config, "config.json"), "intrain train --data fashion-mnist --model resnet8 --epochs 3 --batch 128");
  config.data = "folder:my photos";
  config.threads = 7;
  config.out = "runs/x";
  config.lr = 0.25;
  config.label_smoothing = 0.1;
  config.freeze = {"conv*", "it's"};
  config.freeze_statistics = true;
  config.mean = config.deviation = {0.5};
  config.seed = UINT64_MAX;
  config.tensorboard = true;
  config.widths.w = 4;
  set_width(config.widths, "e2=flag8");
  set_width(config.widths, "round_g=nearest");
  EXPECT_EQ(
      train_command_of(config, "config.json"),
      "intrain train --data 'folder:my photos' --model resnet8 --epochs 3 --batch 128 --lr 0.25 --label-smoothing 0.1 --freeze "
      "'conv*' --freeze 'it'\\''s' --freeze-statistics --mean 0.5 --deviation 0.5 --seed 18446744073709551615 --tensorboard "
      "--set w=4 "
      "--set e2=flag8 --set round_g=nearest");
  // Of a recipe what it does not set.
  config = {};
  apply_recipe(config, "wageubn");
  config.weight_decay = 0.5;
  EXPECT_EQ(train_command_of(config, "config.json"),
            "intrain train --data fashion-mnist --model resnet8 --epochs 3 --batch 128 --recipe wageubn --weight-decay 0.5");
  config.net = "text";
  EXPECT_EQ(train_command_of(config, "my run/config.json"), "intrain train --config 'my run/config.json'");
}

// As a net brings them, or a file of settings: given as flags they are refused.
TEST(TrainCommand, LeavesOutWhatDoesNothing) {
  TrainConfig config;
  config.data = "folder:photos";
  config.border = "reflect";  // of init_from
  config.optimizer = "plain";
  config.momentum = 0.5;
  const std::string command = "intrain train --data folder:photos --model resnet8 --epochs 3 --batch 128 --optimizer plain";
  EXPECT_EQ(train_command_of(config, ""), command);
  config.shift = "2";
  EXPECT_EQ(train_command_of(config, ""), command + " --border reflect --shift 2");
}

}  // namespace
}  // namespace intrain
