// What a device holds, as checkpoints and back; and its steps, repeated by the library from a record of its samples.
#include "exchange/firmware/device_state.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "checkpoint/signature.h"
#include "core/hash.h"
#include "exchange/firmware/device.h"
#include "exchange/firmware/device_base.h"
#include "exchange/firmware/replay.h"
#include "micro/state.h"
#include "support/temp_folder.h"

namespace intrain::test {
namespace {

// Slot 0 of a memory that needs no erasing; slot 1 holds nothing.
struct Slot {
  explicit Slot(const FirmwarePlan& plan) : bytes(micro::state_image_bytes(plan.net.state_bytes)) {}
  micro::Storage storage() {
    return {this,
            [](void* context, int32_t slot, uint32_t offset, void* to, uint32_t count) {
              std::memset(to, 0, count);
              if (slot == 0) std::memcpy(to, static_cast<Slot*>(context)->bytes.data() + offset, count);
              return 1;
            },
            nullptr,
            [](void* context, int32_t slot, uint32_t offset, const void* from, uint32_t count) {
              if (slot != 0) return 0;
              std::memcpy(static_cast<Slot*>(context)->bytes.data() + offset, from, count);
              return 1;
            }};
  }
  std::vector<uint8_t> bytes;
};

std::vector<uint8_t> pixels_of(const Batch& image) {
  std::vector<uint8_t> pixels;
  for (const int8_t v : image.images) pixels.push_back(static_cast<uint8_t>(v + 128));
  return pixels;
}

// What its firmware writes.
class Samples {
 public:
  explicit Samples(uint32_t pixels) {
    bytes_ = "intrainS";
    word(1);
    word(pixels);
  }
  void word(uint32_t value) { bytes_.append(reinterpret_cast<const char*>(&value), 4); }
  void step(const Batch& image) {
    word(static_cast<uint32_t>(image.labels[0]));
    for (const uint8_t p : pixels_of(image)) bytes_ += static_cast<char>(p);
  }
  void rate(const Scalar10& rate) {
    word(0xffffffff);
    word(static_cast<uint32_t>(rate.mantissa));
    word(static_cast<uint32_t>(rate.exp));
  }
  std::string write(const TempFolder& folder) const {
    const std::string path = folder.file("samples");
    std::ofstream(path, std::ios::binary) << bytes_;
    return path;
  }
  std::string& bytes() { return bytes_; }

 private:
  std::string bytes_;
};

void learn(Device& device, int first, int count) {
  for (int i = first; i < first + count; ++i) device.train(synthetic_batch(1, i));
}

// Device to checkpoint to device: the same bytes, and the same ones after more steps.
void go_both_ways(const Scalar10& rate) {
  for (const char* optimizer : {"momentum", "plain"})
    for (const int layers : {1, 2, 4}) {
      const Checkpoint base = device_base(optimizer);
      DeviceNet exported(base, layers);
      const FirmwarePlan plan = exported.plan();
      Device device(plan);
      Slot slot(plan);
      ASSERT_TRUE(micro::save(device.net(), device.arena(), slot.storage()));
      EXPECT_EQ(device_state_of(base, layers), slot.bytes);  // as intrain_init() leaves it

      device.set_rate(rate);
      learn(device, 0, 7);
      slot = Slot(plan);
      ASSERT_TRUE(micro::save(device.net(), device.arena(), slot.storage()));
      const DeviceState state = parse_device_state(slot.bytes, "device.state");
      DeviceNet imported(base, state.learning_layers);
      restore_device_state(state, base, imported);
      const CheckpointInfo info = device_checkpoint_info(base, imported);
      EXPECT_EQ(info.step, 7);
      EXPECT_EQ(state_signature(imported.net.state(), info.step), device.signature());

      const Checkpoint after = parse_checkpoint(checkpoint_bytes(info, imported.net.state()), "after.ckpt");
      EXPECT_EQ(state_signature(after), device.signature());
      EXPECT_EQ(device_state_of(after, layers), slot.bytes);
      EXPECT_NE(device_state_of(after, 3), slot.bytes);
      EXPECT_EQ(micro::progress(device_state_of(after, 3).data() + sizeof(micro::StateHeader)).steps, 0u);

      Device other(plan);
      ASSERT_TRUE(micro::load(other.net(), other.arena(), slot.storage()));
      learn(device, 7, 3);
      learn(other, 7, 3);
      EXPECT_EQ(other.signature(), device.signature());
    }
}

// Rates that the setting holds, that it holds otherwise, and that it does not hold.
TEST(DeviceState, GoesBothWays) {
  for (const Scalar10& rate : {Scalar10{600, -17}, Scalar10{1, -7}, Scalar10{0, 0}, Scalar10{0, -3}, Scalar10{700, -70}}) {
    SCOPED_TRACE(std::to_string(rate.mantissa) + " 2^" + std::to_string(rate.exp));
    go_both_ways(rate);
  }
}

// Its checkpoint says by `freeze` which layers learned, whitened ones as well, and can be read.
TEST(DeviceState, AWhitenedNetComesBack) {
  Checkpoint base = device_base("momentum");
  base.info.config.whiten = true;
  for (const int layers : {1, 4}) {
    DeviceNet device(base, layers);
    const CheckpointInfo info =
        parse_checkpoint(checkpoint_bytes(device_checkpoint_info(base, device), device.net.state()), "x.ckpt").info;
    EXPECT_FALSE(info.config.whiten);
    const std::vector<std::string>& freeze = info.config.freeze;
    EXPECT_EQ(std::count(freeze.begin(), freeze.end(), "conv0.weight"), layers == 1);
  }
}

TEST(DeviceState, ScaledLogitsOnlyPredict) {
  Checkpoint base = device_base("momentum");
  base.info.config.logit_shift = 2;
  expect_error([&] { DeviceNet(base, 1); }, "does not learn with logits that are scaled", "logit_shift");
  EXPECT_NO_THROW(DeviceNet(base, 0));
}

// A training with frozen statistics has the same arrays as a device.
TEST(DeviceState, NoTrainingIsTakenForADevice) {
  for (const char* optimizer : {"momentum", "plain"}) {
    Checkpoint checkpoint = device_base(optimizer);
    const std::vector<uint8_t> first = device_state_of(checkpoint, 4);
    checkpoint.info.config.freeze_statistics = true;
    EXPECT_EQ(device_state_of(checkpoint, 4), first);
    EXPECT_EQ(micro::progress(first.data() + sizeof(micro::StateHeader)).steps, 0u);
    checkpoint.info.device = DeviceSteps{4, {1024, 0}};
    expect_error([&] { device_state_of(checkpoint, 4); }, "a rate that no device has", "base.ckpt");
  }
}

TEST(DeviceState, DamageIsRefused) {
  const Checkpoint base = device_base("momentum");
  const std::vector<uint8_t> whole = device_state_of(base, 2);
  const auto refused = [&](std::vector<uint8_t> bytes, const std::string& message, bool sealed = true) {
    if (sealed) {
      const uint64_t digest = hash64(bytes.data(), bytes.size() - 8);
      std::memcpy(bytes.data() + bytes.size() - 8, &digest, 8);
    }
    const auto restore = [&] {
      const DeviceState state = parse_device_state(bytes, "device.state");
      DeviceNet device(base, state.learning_layers);
      restore_device_state(state, base, device);
    };
    expect_error(restore, message, "");
  };
  const auto with = [&](size_t at, uint32_t word) {
    std::vector<uint8_t> bytes = whole;
    std::memcpy(bytes.data() + at, &word, 4);
    return bytes;
  };
  for (const size_t size : {size_t{0}, size_t{255}, whole.size() - 1})
    expect_error(
        [&] {
          parse_device_state({whole.begin(), whole.begin() + static_cast<int64_t>(size)}, "device.state");
        },
        "is no state of a device", "device.state");
  refused({whole.begin(), whole.end() - 256}, "of another length");
  refused(with(0, 0), "wrong magic");
  refused(with(8, 2), "version 2");
  refused(with(100, 0x12345678), "checksum", false);
  refused(with(12, 3), "not of this checkpoint's net");
  refused(with(12, 9), "the last 9 layers cannot learn");
  refused(with(12, 0xffffffff), "another length");
  refused(with(16, 1), "not of this checkpoint's net");
  refused(with(28, 0xffffffff), "another length");
  refused(with(28, 8), "another length");
  refused(with(32, 0x80000000), "that no device has");  // steps
  refused(with(40, 1024), "that no device has");        // the rate's mantissa
  refused(with(48, 0x80000000), "");                    // W of -2^31
  const Checkpoint another = device_base("momentum", 4);
  const auto other_base = [&] {
    DeviceNet device(another, 2);
    restore_device_state(parse_device_state(whole, "device.state"), another, device);
  };
  expect_error(other_base, "not of this checkpoint's net", "device.state");
  Checkpoint other_table = base;
  other_table.info.normalization[7] = 9;
  const auto other_pixels = [&] {
    DeviceNet device(other_table, 2);
    restore_device_state(parse_device_state(whole, "device.state"), other_table, device);
  };
  expect_error(other_pixels, "not of this checkpoint's net", "device.state");
  expect_error([&] { device_state_of(base, 0); }, "has no state", "--mode");
}

TEST(DeviceState, ModesAreNames) {
  const Checkpoint base = device_base("plain");
  const std::pair<const char*, int> modes[] = {{"infer", 0}, {"head", 1}, {"full", 4}, {"last-1", 1}, {"last-4", 4}};
  for (const auto& [mode, layers] : modes) EXPECT_EQ(learning_layers_of(mode, base), layers);
  for (const char* mode : {"", "last-", "last-0", "last-5", "last--1", "last-2x", "last-99999999999", "all"})
    expect_error([&] { learning_layers_of(mode, base); }, "is no mode of this net", "--mode");
}

TEST(Replay, HasTheSignatureOfTheDevice) {
  const TempFolder folder;
  for (const char* optimizer : {"momentum", "plain"})
    for (const int layers : {1, 3, 4}) {
      const Checkpoint base = device_base(optimizer);
      DeviceNet exported(base, layers);
      const FirmwarePlan plan = exported.plan();
      Device device(plan);
      Samples all(144), later(144);
      std::vector<uint8_t> middle;
      for (int i = 0; i < 24; ++i) {
        if (i == 12) {
          Slot slot(plan);
          ASSERT_TRUE(micro::save(device.net(), device.arena(), slot.storage()));
          middle = slot.bytes;
        }
        if (i % 10 == 9) {
          const Scalar10 rate{512 + i, -17};
          device.set_rate(rate);
          all.rate(rate);
          if (i >= 12) later.rate(rate);
        }
        device.train(synthetic_batch(1, i));
        all.step(synthetic_batch(1, i));
        if (i >= 12) later.step(synthetic_batch(1, i));
      }
      const Replay whole = replay(all.write(folder), base.info, exported);
      EXPECT_EQ(whole.steps, 24);
      EXPECT_EQ(whole.signature, device.signature());

      DeviceNet half(base, layers);
      restore_device_state(parse_device_state(middle, "device.state"), base, half);
      EXPECT_EQ(replay(later.write(folder), base.info, half).signature, device.signature());
    }
}

TEST(Replay, WhatIsNoRecordIsRefused) {
  const TempFolder folder;
  const Checkpoint base = device_base("momentum");
  DeviceNet device(base, 1);
  Samples whole(144);
  whole.rate({600, -17});
  whole.step(synthetic_batch(1, 0));
  const auto refused = [&](const std::function<void(std::string&)>& change, const char* message) {
    Samples samples = whole;
    change(samples.bytes());
    const std::string path = samples.write(folder);
    expect_error([&] { replay(path, base.info, device); }, message, path);
  };
  refused([](std::string& s) { s.clear(); }, "no record of samples");
  refused([](std::string& s) { s.resize(15); }, "no record of samples");
  refused([](std::string& s) { s[0] = 'x'; }, "wrong magic");
  refused([](std::string& s) { s[8] = 2; }, "version 2");
  refused([](std::string& s) { s[12] = 1; }, "images of 1 pixels");
  refused([](std::string& s) { s[21] = 4; }, "the entry at byte 16 has the rate 1112 * 2^-17");
  refused([](std::string& s) { s[28] = 10; }, "the entry at byte 28 has the label 10, which is no class");
  refused([](std::string& s) { s.pop_back(); }, "ends within an entry");
  refused([](std::string& s) { s += 'x'; }, "ends within an entry");
}

}  // namespace
}  // namespace intrain::test
