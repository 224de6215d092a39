#include "ranks/rank_watch.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace intrain {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string name_of(int rank) { return "rank " + std::to_string(rank); }

Beat begun(int64_t reductions) {
  Beat beat;
  beat.begun[0] = reductions;
  return beat;
}

// As rank 0 or 1 of 4 with a patience of 10 s sees it, in a wait for reduction 5 that has begun 11 s ago.
struct Watch {
  explicit Watch(int rank) : watch(rank, 4, 10'000), start(RankWatch::Clock::now()), now(start + seconds(11)) {
    watch.wait_for(0, 5, start);
  }
  RankWatch::Word word() { return watch.word(now, name_of, "a sum"); }

  RankWatch watch;
  RankWatch::Clock::time_point start, now;
};

TEST(RankWatch, NamesWhoIsSilent) {
  Watch w(0);
  w.watch.hear(1, begun(6), w.now);
  w.watch.hear(3, begun(6), w.now);
  const RankWatch::Word word = w.word();
  EXPECT_FALSE(word.failed);
  EXPECT_EQ(word.rank, 2);
  EXPECT_EQ(word.line, "no sign of life from rank 2: rank 0, rank 1, rank 3 wait for 11 s in a sum");
  EXPECT_EQ(w.word().line, "");  // once
}

TEST(RankWatch, NamesWhoIsBehind) {
  Watch w(0);
  w.watch.hear(1, begun(5), w.now);  // has begun reductions 0 to 4
  w.watch.hear(2, begun(6), w.now);
  w.watch.hear(3, begun(5), w.now);
  EXPECT_EQ(w.word().line, "rank 1, rank 3 have not come as far: rank 0, rank 2 wait for 11 s in a sum");
}

TEST(RankWatch, BlamesTheNetworkWhereAllHaveBegun) {
  Watch w(0);
  for (int r = 1; r < 4; ++r) w.watch.hear(r, begun(6), w.now);
  EXPECT_EQ(w.word().line, "the network is slow: rank 0, rank 1, rank 2, rank 3 wait for 11 s in a sum");
}

TEST(RankWatch, IsPatient) {
  Watch w(0);
  w.now = w.start + milliseconds(9'999);
  EXPECT_EQ(w.word().line, "");
  w.now = w.start + seconds(11);
  w.watch.wait_no_more();
  EXPECT_EQ(w.word().line, "");
  w.watch.wait_for(0, 6, w.now);
  w.now += seconds(9);
  EXPECT_EQ(w.word().line, "");
}

TEST(RankWatch, FailsAfterTenTimesThat) {
  for (const int rank : {0, 1}) {
    Watch w(rank);
    w.now = w.start + seconds(100);
    for (const int r : {0, 1, 3}) w.watch.hear(r, begun(6), w.now);
    const RankWatch::Word word = w.word();
    EXPECT_TRUE(word.failed);
    EXPECT_EQ(word.rank, 2);
    EXPECT_EQ(word.line, "others have waited 100 s for it, in a sum");
  }
}

// Who listens to nobody knows no other, and leaves it to those who do.
TEST(RankWatch, WhoListensToNobodyFailsLater) {
  Watch w(3);
  w.now = w.start + milliseconds(109'999);
  EXPECT_FALSE(w.word().failed);
  w.now = w.start + seconds(110);
  const RankWatch::Word word = w.word();
  EXPECT_TRUE(word.failed);
  EXPECT_EQ(word.rank, 3);
  EXPECT_EQ(word.line, "it has waited 110 s for a sum");
}

TEST(RankWatch, BlamesNobodyWhereAllHaveBegun) {
  Watch w(0);
  w.now = w.start + seconds(100);
  for (int r = 1; r < 4; ++r) w.watch.hear(r, begun(6), w.now);
  const RankWatch::Word word = w.word();
  EXPECT_TRUE(word.failed);
  EXPECT_EQ(word.rank, 0);
  EXPECT_EQ(word.line, "it has waited 100 s for a sum, and all have begun it: the network is slow or broken");
}

TEST(RankWatch, TheSecondSpeaksForTheFirst) {
  Watch w(1);
  w.watch.hear(0, begun(6), w.now);
  w.watch.hear(2, begun(6), w.now);
  EXPECT_EQ(w.word().line, "");  // rank 0 says it
  Watch alone(1);
  alone.watch.hear(2, begun(6), alone.now);
  alone.watch.hear(3, begun(6), alone.now);
  EXPECT_EQ(alone.word().line, "no sign of life from rank 0: rank 1, rank 2, rank 3 wait for 11 s in a sum");
}

TEST(RankWatch, AllSpeakToTheFirstTwo) {
  EXPECT_EQ(RankWatch(0, 4, 1000).listeners(), std::vector<int>({1}));
  EXPECT_EQ(RankWatch(1, 4, 1000).listeners(), std::vector<int>({0}));
  EXPECT_EQ(RankWatch(3, 4, 1000).listeners(), std::vector<int>({0, 1}));
  RankWatch watch(3, 4, 60'000);
  const auto now = RankWatch::Clock::now();
  EXPECT_FALSE(watch.is_due(now));
  EXPECT_TRUE(watch.is_due(now + seconds(2)));
  EXPECT_FALSE(watch.is_due(now + milliseconds(2'500)));
}

}  // namespace
}  // namespace intrain
