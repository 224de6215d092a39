#include "runs/tensorboard.h"

#include <gtest/gtest.h>

#include <cstring>

#include "support/temp_folder.h"

namespace intrain {
namespace {

using test::TempFolder;

// RFC 3720, appendix B.4.
TEST(TensorBoard, Crc32cOfTheRfc) {
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  std::string rising(32, '\0');
  for (int i = 0; i < 32; ++i) rising[static_cast<size_t>(i)] = static_cast<char>(i);
  EXPECT_EQ(crc32c(rising), 0x46dd794eu);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
}

// The framing of the whole file; tests/runs/tensorboard_test.py reads the content with the tensorboard package.
TEST(TensorBoard, RecordsFollowOneAnother) {
  const TempFolder folder;
  {
    TensorBoardFile file(folder.path(), 7);
    file.add(StepReport{8, 10, 1, 2.5, 0.25, 0.1, 64, 1});
    file.add(EpochReport{1, 8, 2, 0.5, 2, 0.5, true, 64, 10});
  }
  ASSERT_EQ(folder.entries(), 1u);
  const test::Bytes bytes = test::read_bytes(std::filesystem::directory_iterator(folder.path())->path().string());
  size_t at = 0;
  int records = 0;
  const auto unmasked = [&](size_t offset) {
    uint32_t crc;
    std::memcpy(&crc, bytes.data() + offset, sizeof crc);
    crc -= 0xa282ead8u;
    return crc >> 17 | crc << 15;
  };
  const auto view = [&](size_t offset, size_t n) {
    return std::string_view(reinterpret_cast<const char*>(bytes.data()) + offset, n);
  };
  for (; at + 16 <= bytes.size(); ++records) {
    uint64_t length;
    std::memcpy(&length, bytes.data() + at, sizeof length);
    ASSERT_LE(length, bytes.size() - at - 16);
    EXPECT_EQ(unmasked(at + 8), crc32c(view(at, 8)));
    EXPECT_EQ(unmasked(at + 12 + length), crc32c(view(at + 12, length)));
    at += 16 + length;
  }
  EXPECT_EQ(at, bytes.size());
  EXPECT_EQ(records, 4);  // version, start, step, epoch
}

TEST(TensorBoard, TellsWhereItCannotWrite) {
  test::expect_error([] { TensorBoardFile file("/proc/none", 0); }, "cannot write", "/proc/none/events.out.tfevents.");
}

}  // namespace
}  // namespace intrain
