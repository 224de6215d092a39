#include "io/atomic_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "support/temp_folder.h"

namespace intrain {
namespace {

using test::Bytes;
using test::expect_error;
using test::TempFolder;

TEST(AtomicFile, ReplacesAFileOnlyOnCommit) {
  const TempFolder folder;
  write_file(folder.file("a"), "old");
  {
    AtomicFile file(folder.file("a"));
    file.write("new", 3);
    EXPECT_EQ(test::read_bytes(folder.file("a")), (Bytes{'o', 'l', 'd'}));
  }
  EXPECT_EQ(test::read_bytes(folder.file("a")), (Bytes{'o', 'l', 'd'}));
  EXPECT_EQ(folder.entries(), 1u);
  write_file(folder.file("a"), "new");
  EXPECT_EQ(test::read_bytes(folder.file("a")), (Bytes{'n', 'e', 'w'}));
  EXPECT_EQ(folder.entries(), 1u);
}

TEST(AtomicFile, RefusesAFolderThatIsNotThere) {
  const TempFolder folder;
  expect_error([&] { write_file(folder.file("none/a"), "x"); }, "cannot create", folder.file("none/a"));
}

TEST(AtomicFile, RefusesToReplaceAFolderAndLeavesNothing) {
  const TempFolder folder;
  std::filesystem::create_directory(folder.file("a"));
  expect_error([&] { write_file(folder.file("a"), "x"); }, "cannot write", folder.file("a"));
  EXPECT_EQ(folder.entries(), 1u);
}

// A limit on the size of files stands in for a full disk: write fails in the middle.
TEST(AtomicFile, LeavesNothingWhenWritingFailsInTheMiddle) {
  const TempFolder folder;
  write_file(folder.file("a"), "old");
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{4096, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string large(10000, 'x');
  expect_error([&] { write_file(folder.file("a"), large); }, "cannot write the file", folder.file("a"));
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(test::read_bytes(folder.file("a")), (Bytes{'o', 'l', 'd'}));
  EXPECT_EQ(folder.entries(), 1u);
}

}  // namespace
}  // namespace intrain
