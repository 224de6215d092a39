#include "train/run_length.h"

#include <gtest/gtest.h>

#include "support/temp_folder.h"

namespace intrain {
namespace {

using test::expect_error;

// A run of 10 epochs of 10 steps, after `epoch` of them.
Checkpoint after(int64_t epoch, const char* schedule) {
  Checkpoint from;
  from.path = "run/final.ckpt";
  CheckpointInfo& info = from.info;
  info.config.epochs = 10;
  info.config.batch = 8;
  info.config.schedule = schedule;
  info.config.out = "run";
  info.train_count = 85;
  info.epoch = epoch;
  info.step = 10 * epoch;
  return from;
}

TrainConfig with_epochs(const Checkpoint& from, int epochs) {
  TrainConfig config = from.info.config;
  config.epochs = epochs;
  return config;
}

TEST(RunLength, EpochsMayChangeWhereNoRateDoneWouldHave) {
  const Checkpoint step = after(4, "step");
  for (const int epochs : {8, 9, 10, 11, 1000}) EXPECT_NO_THROW(check_length(with_epochs(step, epochs), step)) << epochs;
  expect_error([&] { check_length(with_epochs(step, 7), step); }, "other learning rates", "epochs");
  expect_error([&] { check_length(with_epochs(step, 3), step); }, "past 3 epochs, after step 40", "epochs");
  const Checkpoint done = after(10, "step");
  EXPECT_NO_THROW(check_length(with_epochs(done, 10), done));
  expect_error([&] { check_length(with_epochs(done, 12), done); }, "with 12 epochs instead of 10", "epochs");
  const Checkpoint cosine = after(1, "cosine");
  expect_error([&] { check_length(with_epochs(cosine, 12), cosine); }, "other learning rates", "epochs");
  Checkpoint warm = cosine;  // still rising to the rate that all lengths begin with
  warm.info.config.warmup = 2;
  EXPECT_NO_THROW(check_length(with_epochs(warm, 12), warm));
  const Checkpoint wageubn = after(2, "wageubn");
  EXPECT_NO_THROW(check_length(with_epochs(wageubn, 20), wageubn));
  expect_error([&] { check_length(with_epochs(wageubn, 6), wageubn); }, "other learning rates", "epochs");
}

TEST(RunLength, WarmUpMayEndWithinAnEpoch) {
  TrainConfig config;
  config.epochs = 10;
  config.schedule = "linear";
  config.restarts = 3;
  config.warmup = 2.3;
  const Schedule schedule = schedule_of(config, 48);  // 110.4 steps
  EXPECT_EQ(schedule.kind, ScheduleKind::kLinear);
  EXPECT_EQ(schedule.total_steps, 480);
  EXPECT_EQ(schedule.warmup_steps, 110);
  EXPECT_EQ(schedule.restarts, 3);
}

TEST(RunLength, AScheduleThatNoStepFollowsIsRefused) {
  TrainConfig config;
  config.epochs = 2;
  config.schedule = "linear";
  config.restarts = 95;
  EXPECT_NO_THROW(check_schedule(config, 48));
  config.restarts = 96;
  expect_error([&] { check_schedule(config, 48); }, "96 restarts of 96 steps", "restarts");
  config.restarts = 90;
  config.warmup = 0.25;
  expect_error([&] { check_schedule(config, 48); }, "90 restarts of 84 steps", "restarts");
  config.restarts = 0;
  config.warmup = 0.01;  // 0.48 steps
  expect_error([&] { check_schedule(config, 48); }, "0.01 epochs are no step", "warmup");
  config.warmup = 0.011;
  EXPECT_NO_THROW(check_schedule(config, 48));
}

// The phases of WAGEUBN set the range of G whatever the schedule.
TEST(RunLength, EpochsMayNotChangeAPhase) {
  Checkpoint from = after(4, "step");
  from.info.config.widths.constant_g = true;
  expect_error([&] { check_length(with_epochs(from, 20), from); }, "other learning rates", "epochs");
}

TEST(RunLength, PatienceMayGrow) {
  Checkpoint from = after(4, "cosine");
  TrainConfig config = from.info.config;
  config.patience = 3;
  expect_error([&] { check_length(config, from); }, "a patience of 3", "patience");
  from.info.config.patience = 2;
  EXPECT_NO_THROW(check_length(config, from));
  config.patience = 0;
  EXPECT_NO_THROW(check_length(config, from));
  config.patience = 1;
  expect_error([&] { check_length(config, from); }, "a patience of 1", "patience");
}

TEST(RunLength, TheHintIsTheWholeCommand) {
  const Checkpoint done = after(10, "cosine");
  try {
    check_length(with_epochs(done, 13), done);
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_TRUE(e.hint.ends_with("intrain train --config run/config.json --init-from run/final.ckpt --epochs 3")) << e.hint;
  }
}

TEST(RunLength, TheHintLeavesOutWhatHasNoRoom) {
  Checkpoint done = after(10, "linear");
  const auto hint = [&](int epochs) {
    try {
      check_length(with_epochs(done, epochs), done);
      return std::string("none");
    } catch (const Error& e) {
      return e.hint.substr(e.hint.find("--epochs"));
    }
  };
  done.info.config.warmup = 2.5;
  EXPECT_EQ(hint(13), "--epochs 3");
  EXPECT_EQ(hint(12), "--epochs 2 --warmup 0");
  done.info.config.restarts = 20;
  EXPECT_EQ(hint(12), "--epochs 2 --warmup 0 --restarts 0");
}

}  // namespace
}  // namespace intrain
