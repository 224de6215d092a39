#include "runs/audit_record.h"

#include <gtest/gtest.h>

#include "checkpoint/signature.h"
#include "core/hash.h"
#include "support/temp_folder.h"

namespace intrain {
namespace {

using test::expect_error;

class AuditRecordFile : public testing::Test {
 protected:
  AuditStart start(int64_t step) const { return {step, audited_settings(config_), {1, 2, 3, 4}}; }
  // A record of the steps 0, 10 .. last.
  void write(int64_t last) {
    AuditWriter writer;
    writer.open(path_, start(0));
    for (int64_t step = 0; step <= last; step += 10) writer.add({step, 100 + static_cast<uint64_t>(step)});
    writer.sync();
  }
  std::string text() const {
    const test::Bytes bytes = test::read_bytes(path_);
    return {bytes.begin(), bytes.end()};
  }
  void set_text(const std::string& text) const { test::write_bytes(path_, {text.begin(), text.end()}); }

  const test::TempFolder folder_;
  const std::string path_ = folder_.file("audit.jsonl");
  TrainConfig config_;
};

TEST_F(AuditRecordFile, IsReadAsWritten) {
  write(30);
  const AuditRecord record = read_audit_record(path_);
  ASSERT_EQ(record.starts.size(), 1u);
  EXPECT_EQ(record.starts[0].data, (DataFingerprint{1, 2, 3, 4}));
  EXPECT_TRUE(changes(record.starts[0].settings, audited_settings(config_), false).empty());
  ASSERT_EQ(record.entries.size(), 4u);
  EXPECT_EQ(record.entries[3].step, 30);
  EXPECT_EQ(record.entries[3].state, 130u);
  EXPECT_FALSE(record.broken);
}

// As docs/contract.md defines it.
TEST_F(AuditRecordFile, EachLineCoversTheOneBefore) {
  write(0);
  std::string chain;
  const std::string all = text();
  for (size_t begin = 0; begin < all.size();) {
    const size_t end = all.find('\n', begin);
    const std::string line = all.substr(begin, end - begin), body = line.substr(0, line.rfind(", \"chain\""));
    const std::string covered = chain + body;
    chain = signature_text(hash64(covered.data(), covered.size()));
    EXPECT_EQ(line, body + ", \"chain\": \"" + chain + "\"}");
    begin = end + 1;
  }
  EXPECT_EQ(read_audit_record(path_).chain, chain);
}

TEST_F(AuditRecordFile, GoesOnAsIfItHadNotStopped) {
  write(50);
  const std::string whole = text();
  for (const int64_t stop : {0, 15, 20, 50}) {
    set_text(whole + "{\"step\": 60, \"st");  // torn
    AuditWriter writer;
    writer.open(path_, start(stop));
    for (int64_t step = stop / 10 * 10; step <= 50; step += 10) writer.add({step, 100 + static_cast<uint64_t>(step)});
    EXPECT_EQ(text(), whole) << stop;
  }
}

TEST_F(AuditRecordFile, OtherSettingsOrDataAreAStart) {
  write(20);
  AuditWriter writer;
  config_.epochs = 9;
  writer.open(path_, start(10));
  writer.add({20, 1});
  AuditWriter again;
  AuditStart gone = start(20);
  gone.data.test_images = 5;
  again.open(path_, gone);
  const AuditRecord record = read_audit_record(path_);
  ASSERT_EQ(record.starts.size(), 3u);
  EXPECT_EQ(record.starts[1].step, 10);
  EXPECT_TRUE(changes(record.starts[0].settings, record.starts[1].settings, true).empty());
  const std::vector<SettingChange> longer = changes(record.starts[0].settings, record.starts[1].settings, false);
  ASSERT_EQ(longer.size(), 1u);
  EXPECT_EQ(longer[0].name + longer[0].from + longer[0].to, "epochs39");
  EXPECT_EQ(changes(record.starts[1].data, record.starts[2].data), std::vector<std::string>{"the test images"});
}

// What does not decide what is computed may be another.
TEST_F(AuditRecordFile, TheMachineIsNoneOfTheSettings) {
  TrainConfig elsewhere;
  elsewhere.threads = 7;
  elsewhere.recompute = 64;
  elsewhere.out = "x";
  elsewhere.data = "mnist:moved";
  elsewhere.save_every = elsewhere.keep = elsewhere.audit_every = 3;
  EXPECT_TRUE(changes(audited_settings(config_), audited_settings(elsewhere), false).empty());
  elsewhere.widths.e2 = 7;
  EXPECT_EQ(changes(audited_settings(config_), audited_settings(elsewhere), false).size(), 1u);
}

// A line that an older program wrote lacks settings of today: they had their defaults.
TEST_F(AuditRecordFile, MissingSettingsHadTheirDefaults) {
  std::vector<Setting> older = audited_settings(config_);
  std::erase_if(older, [](const Setting& setting) { return setting.name == "label_smoothing"; });
  EXPECT_TRUE(changes(older, audited_settings(config_), false).empty());
  config_.label_smoothing = 0.1;
  EXPECT_EQ(changes(older, audited_settings(config_), false).size(), 1u);
  older.push_back({"of_tomorrow", "1"});
  EXPECT_EQ(changes(older, audited_settings(config_), false).size(), 2u);
}

// Every change of one character is found, wherever it is.
TEST_F(AuditRecordFile, NothingCanBeEdited) {
  write(20);
  const std::string whole = text();
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string edited = whole;
    edited[i] = edited[i] == '7' ? '8' : '7';
    set_text(edited);
    try {
      const AuditRecord record = read_audit_record(path_);
      EXPECT_TRUE(record.broken) << i << ": " << whole.substr(i, 20);
    } catch (const Error& e) {
      EXPECT_EQ(e.where, path_);
      EXPECT_FALSE(e.hint.empty());
    }
  }
}

TEST_F(AuditRecordFile, LinesCannotBeTakenOutOrExchanged) {
  write(20);
  const std::string whole = text();
  const size_t second = whole.find('\n') + 1, third = whole.find('\n', second) + 1, fourth = whole.find('\n', third) + 1;
  set_text(whole.substr(0, second) + whole.substr(third));
  ASSERT_TRUE(read_audit_record(path_).broken);
  EXPECT_EQ(read_audit_record(path_).broken->line, 2);
  EXPECT_EQ(read_audit_record(path_).broken->step, 10);
  AuditWriter writer;
  expect_error([&] { writer.open(path_, start(20)); }, "line 2 does not go on from those before it", path_);
  set_text(whole.substr(0, second) + whole.substr(third, fourth - third) + whole.substr(second, third - second) +
           whole.substr(fourth));
  EXPECT_TRUE(read_audit_record(path_).broken);
  set_text(whole.substr(second));
  EXPECT_TRUE(read_audit_record(path_).broken);
}

TEST_F(AuditRecordFile, WhatIsNoneIsRefused) {
  write(20);
  const std::string whole = text();
  for (const std::string& tail : {std::string("{}\n"), std::string("\n"), std::string("{\"step\": 30"), std::string(5, '\0')}) {
    set_text(whole + tail);
    expect_error([&] { read_audit_record(path_); }, "line 5 is none of an audit", path_);
    set_text(whole + tail + "\n{}\n");
    AuditWriter writer;
    expect_error([&] { writer.open(path_, start(20)); }, "line 5 is none of an audit", path_);
  }
  expect_error([&] { read_audit_record(folder_.file("none")); }, "", "none");
}

}  // namespace
}  // namespace intrain
