#include "runs/run_data.h"

#include <gtest/gtest.h>

#include "core/hash.h"
#include "data/source.h"
#include "runs/photo_list.h"
#include "support/photos.h"
#include "support/training.h"

namespace intrain {
namespace {

namespace fs = std::filesystem;
using test::expect_error;
using test::go_on;
using test::Stopper;
using test::TempFolder;

using Names = std::vector<std::string>;

std::vector<uint64_t> hashes_of(const Names& files) {
  std::vector<uint64_t> hashes;
  for (const std::string& file : files) hashes.push_back(hash64(file.data(), file.size()));
  return hashes;
}

Dataset some_photos(const Names& names) {
  Dataset set;
  set.h = set.w = 8;
  set.c = 3;
  set.classes = 2;
  set.count = static_cast<int>(names.size());
  for (const std::string& name : names) {
    set.files.push_back("d/" + name);
    set.labels.push_back(name.find("/b/") == std::string::npos ? 0 : 1);
  }
  set.file_hashes = hashes_of(set.files);
  return set;
}

DataSplits photos(const Names& train, const Names& test) {
  DataSplits data;
  data.spec = "folder:d:8";
  data.folder = "d";
  data.class_names = {"a", "b"};
  data.train = some_photos(train);
  data.test = some_photos(test);
  return data;
}

// A run on four photos of a class and two of the other.
class RunDataTest : public testing::Test {
 protected:
  RunDataTest() {
    CheckpointInfo& info = from_.info;
    info.h = info.w = 8;
    info.c = 3;
    info.classes = 2;
    info.class_names = began_.class_names;
    info.train_count = began_.train.count;
    info.test_count = began_.test.count;
    info.data = fingerprint_of(began_);
    write(photo_list_text(photo_list_of(began_)));
  }
  void write(const std::string& list) { test::write_bytes(folder_.file("photos.txt"), {list.begin(), list.end()}); }
  void refused(const DataSplits& now, const std::string& what) {
    expect_error([&] { RunData(now, from_, folder_.path()); }, what, "data folder:d:8");
  }

  const TempFolder folder_;
  const Names train_ = {"train/a/1", "train/a/2", "train/a/3", "train/b/1", "train/b/2", "train/a/4"};
  const Names test_ = {"val/a/1", "val/a/2", "val/b/1"};
  DataSplits began_ = photos(train_, test_);
  Checkpoint from_;
};

TEST_F(RunDataTest, TheSamePhotosAreTakenAsTheyAre) {
  const DataSplits now = photos(train_, test_);
  const RunData data(now, from_, folder_.path());
  EXPECT_EQ(&data.splits(), &now);
  EXPECT_TRUE(data.gone().empty());
  EXPECT_TRUE(data.scaling_is_known());
}

TEST_F(RunDataTest, TheNextOfTheClassStandsIn) {
  DataSplits now = photos({"train/a/2", "train/b/1"}, {"val/a/2", "val/b/1"});
  now.broken = {"d/train/a/4: it is: no photo", "d/elsewhere.png: damaged"};
  const RunData data(now, from_, folder_.path());
  EXPECT_EQ(data.splits().train.files,
            (Names{"d/train/a/2", "d/train/a/2", "d/train/a/2", "d/train/b/1", "d/train/b/1", "d/train/a/2"}));
  EXPECT_EQ(data.splits().train.file_hashes, hashes_of(data.splits().train.files));
  EXPECT_EQ(data.splits().test.file_hashes, hashes_of(data.splits().test.files));
  EXPECT_EQ(data.splits().train.labels, began_.train.labels);
  EXPECT_EQ(data.splits().train.count, 6);
  EXPECT_EQ(data.splits().test.files, (Names{"d/val/a/2", "d/val/b/1"}));
  EXPECT_EQ(data.splits().test.labels, (std::vector<uint16_t>{0, 1}));
  EXPECT_EQ(data.splits().test.count, 2);
  EXPECT_FALSE(data.scaling_is_known());
  ASSERT_EQ(data.gone().size(), 5u);
  EXPECT_EQ(data.gone()[0], "d/train/a/1: it is gone; d/train/a/2 stands in for it");
  EXPECT_EQ(data.gone()[3], "d/train/a/4: it is: no photo; d/train/a/2 stands in for it");
  EXPECT_EQ(data.gone()[4], "d/val/a/1: it is gone; the test goes on without it");
  EXPECT_EQ(data.splits().broken.size(), 6u);
  EXPECT_EQ(data.splits().broken[0], now.broken[1]);
}

TEST_F(RunDataTest, StandInsFollowTheOrderOfTheRun) {
  const DataSplits now = photos({"train/a/1", "train/a/3", "train/b/2"}, test_);
  const RunData data(now, from_, folder_.path());
  EXPECT_EQ(data.splits().train.files,
            (Names{"d/train/a/1", "d/train/a/3", "d/train/a/3", "d/train/b/2", "d/train/b/2", "d/train/a/1"}));
}

TEST_F(RunDataTest, AnotherOrderAndOtherSplitsAreThoseOfTheRun) {
  const DataSplits now =
      photos({"train/b/1", "train/a/4", "train/a/1", "train/a/2", "val/a/1"}, {"train/a/3", "train/b/2", "val/a/2", "val/b/1"});
  const RunData data(now, from_, folder_.path());
  EXPECT_EQ(data.splits().train.files, began_.train.files);
  EXPECT_EQ(data.splits().test.files, began_.test.files);
  EXPECT_TRUE(data.gone().empty());
  EXPECT_FALSE(data.scaling_is_known());
}

TEST_F(RunDataTest, OtherPhotosAreRefusedByName) {
  refused(photos({"train/a/1", "train/a/2", "train/a/3", "train/b/1", "train/b/2", "train/a/4", "train/b/new"}, test_),
          "other photos than that of the run: train/b/new is new");
  refused(photos({"train/a/2", "train/a/3", "train/b/1", "train/b/moved", "train/b/2", "train/a/4"}, test_),
          "train/a/1 is gone and train/b/moved is new");
  refused(photos(train_, {"val/a/1", "val/b/2", "val/b/3"}), "val/a/2 and 1 more are gone and val/b/2 and 1 more are new");
  refused(photos({"train/a/1", "train/a/2", "train/a/3", "train/a/4"}, test_), "no training photo of 'b' any more");
  refused(photos(train_, {"val/a/1", "val/a/2"}), "no test photo of 'b' any more");
  DataSplits now = photos(train_, test_);
  now.train.labels[3] = 0;
  refused(now, "another class for train/b/1");
  now = photos(train_, test_);
  now.class_names = {"a", "c"};
  refused(now, "other classes than that of the run: b is gone and c is new");
}

TEST_F(RunDataTest, WithoutItsListARunNeedsAllPhotos) {
  const DataSplits now = photos(train_, {"val/a/1", "val/b/1"}), same = photos(train_, test_);
  for (const char* text : {"", "train 0 train/a/1", "train 0 train/a/1\n", "train x train/a/1\n", "val 0 a\n"}) {
    write(text);
    refused(now, "which ones cannot be told");
    EXPECT_EQ(&RunData(same, from_, folder_.path()).splits(), &same);
  }
  fs::remove(folder_.file("photos.txt"));
  refused(now, "which ones cannot be told");
}

TEST_F(RunDataTest, OtherPicturesOfTheSameNamesAreRefused) {
  DataSplits now = photos(train_, test_);
  now.train.file_hashes[4] ^= 9;
  refused(now, "another picture in train/b/2");
  now.train.file_hashes[4] ^= 9;
  now.test.file_hashes[0] ^= 7;
  refused(now, "another picture in val/a/1");
}

TEST(PhotoList, HoldsNamesOfAnyBytes) {
  std::string all;
  for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
  PhotoList list;
  list.train = {{0, 65534, 7}, {all, "a b\n\\n\r\\", std::string(255, '\xff')}, {0, UINT64_MAX, 3}};
  list.test = {{1}, {"\\"}, {4}};
  const PhotoList back = parse_photo_list(photo_list_text(list));
  EXPECT_EQ(back.train.files, list.train.files);
  EXPECT_EQ(back.train.labels, list.train.labels);
  EXPECT_EQ(back.test.files, list.test.files);
  EXPECT_EQ(fingerprint_of(back), fingerprint_of(list));
  std::swap(list.train.hashes[0], list.train.hashes[1]);
  EXPECT_NE(fingerprint_of(back), fingerprint_of(list));
  std::swap(list.train.hashes[0], list.train.hashes[1]);
  std::swap(list.train.labels[0], list.train.labels[1]);
  EXPECT_NE(fingerprint_of(back), fingerprint_of(list));
}

// A folder of photos of two classes on the disk, and a run on it that ends without a stop.
class VanishingPhotos : public testing::TestWithParam<int> {
 protected:
  VanishingPhotos() {
    for (const std::string name : {"train/a", "train/b", "val/a", "val/b"}) {
      fs::create_directories(folder_.file("d/" + name));
      for (int i = 0; i < 8; ++i)
        test::write_bytes(
            folder_.file("d/" + name + "/" + std::to_string(i) + ".png"),
            test::make_png(8, 8, 3, test::Bytes(8 * 8 * 3, static_cast<uint8_t>(30 * i + (name.back() == 'a' ? 9 : 0)))));
    }
    config_.data = "folder:" + folder_.file("d") + ":8";
    config_.model = "resnet8";
    config_.epochs = 4;
    config_.batch = 4 / GetParam();
    config_.accumulate = GetParam();  // 4 steps an epoch; of 3 batches 5, and one left over
    config_.out = folder_.file("whole");
    whole_ = train(config_, load_data(config_.data), {});
    config_.out = folder_.file("run");
  }
  // Takes the photo away after the step.
  struct Thief final : TrainObserver {
    std::string from, to;
    int64_t after = 0, done = 0;
    void on_step(const StepReport& r) override {
      done = r.step;
      if (r.step == after) fs::rename(from, to);
    }
  };
  std::string photo(const std::string& name) const { return folder_.file("d/" + name); }
  // A run whose photo vanishes after `step`; tells after which step it was saved.
  int64_t robbed(const std::string& name, int64_t step) {
    Thief thief;
    thief.from = photo(name);
    thief.to = folder_.file("taken.png");
    thief.after = step;
    TrainOptions options;
    options.observer = &thief;
    expect_error([&] { train(config_, load_data(config_.data), options); }, "the run is saved after step", thief.from);
    EXPECT_EQ(find_resume_point(config_.out).checkpoint.info.step, thief.done);
    return thief.done;
  }

  const TempFolder folder_;
  TrainConfig config_;
  TrainResult whole_;
};

// Where it vanishes in a step whose numbers are looked at, the net forgets who looked: what it computes next tells nobody.
TEST_P(VanishingPhotos, LetTheNetBeUsed) {
  struct Watcher final : TrainObserver {
    bool wants_numbers() const override { return true; }
  } watcher;
  const DataSplits data = load_data(config_.data);
  Trainer trainer(config_, data);
  fs::rename(folder_.file("d/train"), folder_.file("taken"));
  EXPECT_THROW(trainer.fit(watcher), LoadFailure);
  fs::rename(folder_.file("taken"), folder_.file("d/train"));
  EXPECT_EQ(trainer.net().tensor_sink(), nullptr);
  EXPECT_EQ(trainer.evaluate(data.test).metrics.count, 16);
  TrainObserver silent;
  EXPECT_EQ(trainer.fit(silent).signature, whole_.signature);
}

// In memory too, where the Trainer that failed goes on by itself.
TEST_P(VanishingPhotos, PutBackLetATrainerGoOn) {
  const DataSplits data = load_data(config_.data);
  Trainer trainer(config_, data);
  Thief thief;
  thief.from = photo("train/b/5.png");
  thief.to = folder_.file("taken.png");
  thief.after = 2;
  EXPECT_THROW(trainer.fit(thief), LoadFailure);
  EXPECT_EQ(trainer.steps_done(), thief.done);
  fs::rename(thief.to, thief.from);
  TrainObserver silent;
  EXPECT_EQ(trainer.fit(silent).signature, whole_.signature);
}

TEST_P(VanishingPhotos, StopTheRunSavedAndPutBackChangeNothing) {
  for (const char* name : {"train/b/5.png", "val/a/3.png"}) {
    const int64_t step = robbed(name, 2);
    EXPECT_GE(step, 2);
    fs::rename(folder_.file("taken.png"), photo(name));
    Stopper stopper;
    stopper.after = 100;
    const TrainResult result = go_on(config_, load_data(config_.data), stopper);
    EXPECT_EQ(stopper.first_step, step);
    EXPECT_EQ(result.signature, whole_.signature);
    EXPECT_EQ(result.test.logits_hash, whole_.test.logits_hash);
    fs::remove_all(config_.out);
  }
}

TEST_P(VanishingPhotos, TheRunGoesOnWithoutThem) {
  robbed("train/b/5.png", 2);
  fs::copy(config_.out, folder_.file("again"), fs::copy_options::recursive);
  Stopper stopper;
  stopper.after = 100;
  const TrainResult result = go_on(config_, load_data(config_.data), stopper);
  EXPECT_FALSE(result.stopped);
  EXPECT_EQ(result.step, whole_.step);
  EXPECT_NE(result.signature, whole_.signature);
  const test::Bytes broken = test::read_bytes(config_.out + "/broken.txt");
  EXPECT_EQ(std::string(broken.begin(), broken.end()),
            photo("train/b/5.png") + ": it is gone; " + photo("train/b/6.png") + " stands in for it\n");
  // The same from the same checkpoint, wherever it stops.
  config_.out = folder_.file("again");
  TrainResult again;
  do {
    stopper.after = 0;
    again = go_on(config_, load_data(config_.data), stopper);
  } while (again.stopped);
  EXPECT_EQ(again.signature, result.signature);
  // A test photo less: shares are compared, and the weights are the same.
  fs::remove(photo("val/b/0.png"));
  const TrainResult after = go_on(config_, load_data(config_.data), stopper);
  EXPECT_EQ(after.signature, result.signature);
  EXPECT_EQ(after.test.metrics.count, 15);
}

// Of batches that do not fill a step, at an epoch's end, too.
TEST_P(VanishingPhotos, WhicheverItIsThatComesBackChangesNothing) {
  for (int i = 0; i < 16; ++i) {
    const std::string name = std::string("train/") + (i % 2 == 0 ? "a/" : "b/") + std::to_string(i / 2) + ".png";
    robbed(name, 5);
    fs::rename(folder_.file("taken.png"), photo(name));
    Stopper stopper;
    stopper.after = 100;
    EXPECT_EQ(go_on(config_, load_data(config_.data), stopper).signature, whole_.signature) << name;
    fs::remove_all(config_.out);
  }
}

INSTANTIATE_TEST_SUITE_P(Accumulate, VanishingPhotos, testing::Values(1, 2, 3));

}  // namespace
}  // namespace intrain
