// States of a device in memory that stays, and the power going at any byte.
#include <gtest/gtest.h>

#include <algorithm>

#include "exchange/firmware/device.h"
#include "micro/hash.h"
#include "micro/state.h"
#include "support/rng.h"

namespace intrain::test {
namespace {

// Two slots of flash: a write clears bits of erased bytes only. Power lasts for so many bytes erased or written; then nothing changes any more.
class Flash {
 public:
  explicit Flash(uint32_t slot_bytes) : slots_{std::vector<uint8_t>(slot_bytes, 0x5a), std::vector<uint8_t>(slot_bytes, 0x5a)} {}

  micro::Storage storage() { return {this, read, erase, write}; }
  void give_power(int64_t bytes) { power_ = bytes; }
  int64_t used() const { return used_; }
  std::vector<uint8_t>& slot(int i) { return slots_[i]; }
  int unreadable = -1;  // a slot
  bool wears = false;   // writes go wrong

 private:
  static Flash& of(void* context) { return *static_cast<Flash*>(context); }
  bool change() {
    ++used_;
    return power_-- > 0;
  }
  static int32_t read(void* context, int32_t slot, uint32_t offset, void* to, uint32_t bytes) {
    Flash& f = of(context);
    EXPECT_LE(bytes, micro::kPageBytes);
    EXPECT_LE(offset + bytes, f.slots_[slot].size());
    if (slot == f.unreadable) return 0;
    std::copy_n(f.slots_[slot].begin() + offset, bytes, static_cast<uint8_t*>(to));
    return 1;
  }
  static int32_t erase(void* context, int32_t slot) {
    Flash& f = of(context);
    for (uint8_t& byte : f.slots_[slot]) {
      if (!f.change()) return 0;
      byte = 0xff;
    }
    return 1;
  }
  static int32_t write(void* context, int32_t slot, uint32_t offset, const void* from, uint32_t bytes) {
    Flash& f = of(context);
    EXPECT_EQ(bytes, micro::kPageBytes);
    EXPECT_EQ(offset % micro::kPageBytes, 0u);
    EXPECT_LE(offset + bytes, f.slots_[slot].size());
    for (uint32_t i = 0; i < bytes; ++i) {
      if (!f.change()) return 0;
      f.slots_[slot][offset + i] &= static_cast<const uint8_t*>(from)[i];
    }
    if (f.wears) f.slots_[slot][offset] ^= 1;
    return 1;
  }

  std::vector<uint8_t> slots_[2];
  int64_t power_ = INT64_MAX, used_ = 0;
};

struct Board {
  explicit Board(Make make, int learning_layers)
      : net(trained(make, true, learning_layers)),
        plan(plan_firmware(net, learning_layers, kPlanStep)),
        device(plan),
        flash(micro::state_image_bytes(plan.net.state_bytes)) {}
  bool save() { return micro::save(device.net(), device.arena(), flash.storage()); }
  bool load() { return micro::load(device.net(), device.arena(), flash.storage()); }
  void learn(uint32_t steps) {
    for (uint32_t i = 0; i < steps; ++i) device.train(synthetic_batch(1, static_cast<int>(this->steps())));
  }
  uint32_t steps() { return micro::progress(device.arena()).steps; }
  // The power comes back.
  void restart() {
    flash.give_power(INT64_MAX);
    std::fill_n(device.arena(), plan.net.arena_bytes, uint8_t{0xcc});
    micro::reset(device.net(), device.arena());
  }

  Net net;
  FirmwarePlan plan;
  Device device;
  Flash flash;
};

TEST(DeviceStorage, ItGoesOnWhereItWas) {
  for (const int learning_layers : {1, 3}) {
    Board board(biases, learning_layers);
    EXPECT_FALSE(board.load());  // neither slot holds one
    for (int i = 0; i < 4; ++i) {
      board.device.set_rate({700 + i, -18});
      board.learn(3);
      const uint64_t signature = board.device.signature();
      ASSERT_TRUE(board.save());
      board.learn(2);
      const uint64_t later = board.device.signature();
      board.restart();
      ASSERT_TRUE(board.load());
      EXPECT_EQ(board.device.signature(), signature);
      board.learn(2);
      EXPECT_EQ(board.device.signature(), later);
    }
  }
}

// Erasing and writing take so many bytes each; the power goes after any of them.
TEST(DeviceStorage, PowerCutsLeaveTheOldStateOrTheNew) {
  Board board(biases, 2);
  board.learn(1);
  ASSERT_TRUE(board.save());
  const int64_t whole = 2 * static_cast<int64_t>(board.flash.slot(0).size());
  ASSERT_EQ(board.flash.used(), whole);
  Rng rng(8);
  int old = 0, fresh = 0;
  for (int cut = 0; cut < 200; ++cut) {
    const uint64_t before = board.device.signature();
    const uint32_t steps = board.steps();
    board.learn(1);
    const uint64_t after = board.device.signature();
    // The first and the last bytes too: 0 leaves all as it was, `whole` is enough.
    board.flash.give_power(cut == 0 ? 0 : cut == 1 ? whole - 1 : cut == 2 ? whole : rng.range(0, whole));
    const bool saved = board.save();
    board.restart();
    ASSERT_TRUE(board.load()) << "cut " << cut;
    if (board.steps() == steps) {
      EXPECT_FALSE(saved);  // where it is told, it is there
      EXPECT_EQ(board.device.signature(), before);
      ++old;
    } else {
      EXPECT_EQ(board.device.signature(), after);
      ++fresh;
    }
  }
  EXPECT_GT(old, 100);
  EXPECT_GE(fresh, 1);
}

TEST(DeviceStorage, DamageAndOtherNetsAreNoState) {
  Board board(biases, 1);
  board.learn(1);
  ASSERT_TRUE(board.save());
  const uint64_t first = board.device.signature();
  board.learn(1);
  ASSERT_TRUE(board.save());
  const std::vector<uint8_t> whole[2] = {board.flash.slot(0), board.flash.slot(1)};
  Rng rng(2);
  for (int i = 0; i < 100; ++i) {  // any bit of the newer one, in slot 1 or 0
    const int newer = whole[1][24] > whole[0][24] ? 1 : 0;
    board.flash.slot(newer)[static_cast<size_t>(rng.range(0, static_cast<int64_t>(whole[newer].size()) - 1))] ^=
        static_cast<uint8_t>(1 << rng.range(0, 7));
    board.restart();
    ASSERT_TRUE(board.load());
    EXPECT_EQ(board.device.signature(), first);
    board.flash.slot(newer) = whole[newer];
  }
  Board other(biases, 2);
  const size_t bytes = std::min(other.flash.slot(0).size(), whole[0].size());
  std::copy_n(whole[0].begin(), bytes, other.flash.slot(0).begin());
  const uint64_t untouched = other.device.signature();
  EXPECT_FALSE(other.load());
  EXPECT_EQ(other.device.signature(), untouched);
}

TEST(DeviceStorage, FailuresAreTold) {
  Board board(biases, 1);
  board.flash.wears = true;
  EXPECT_FALSE(board.save());
  board.flash.wears = false;
  ASSERT_TRUE(board.save());
  board.learn(1);
  ASSERT_TRUE(board.save());
  board.flash.unreadable = board.flash.slot(1)[24] > board.flash.slot(0)[24] ? 1 : 0;
  board.restart();
  EXPECT_TRUE(board.load());
  EXPECT_EQ(board.steps(), 0u);
}

// A slot that cannot be read may hold the newest state: neither is it erased, nor does an older number go beside it.
TEST(DeviceStorage, NothingIsSavedWhileASlotCannotBeRead) {
  for (const bool newer : {false, true})
    for (const bool other_is_whole : {false, true}) {
      Board board(biases, 1);
      for (int i = 0; i < 3; ++i) {
        board.learn(1);
        ASSERT_TRUE(board.save());
      }
      const uint64_t newest = board.device.signature();
      const int newer_slot = board.flash.slot(1)[24] > board.flash.slot(0)[24] ? 1 : 0;
      board.flash.unreadable = newer ? newer_slot : 1 - newer_slot;
      if (!other_is_whole) board.flash.slot(1 - board.flash.unreadable)[100] ^= 1;
      const std::vector<uint8_t> before[2] = {board.flash.slot(0), board.flash.slot(1)};
      board.learn(1);
      EXPECT_FALSE(board.save());
      EXPECT_EQ(board.flash.slot(0), before[0]);
      EXPECT_EQ(board.flash.slot(1), before[1]);
      board.flash.unreadable = -1;
      board.restart();
      ASSERT_TRUE(board.load());
      if (newer || other_is_whole) EXPECT_EQ(board.device.signature(), newest);
      board.learn(5);
      const uint64_t later = board.device.signature();
      ASSERT_TRUE(board.save());
      board.restart();
      ASSERT_TRUE(board.load());
      EXPECT_EQ(board.device.signature(), later);
    }
}

}  // namespace
}  // namespace intrain::test
