#include "io/atomic_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "support/temp_folder.h"

namespace intrain {
namespace {

using test::Bytes;
using test::expect_error;
using test::TempFolder;
namespace fs = std::filesystem;

std::string text_of(const std::string& path) {
  const Bytes bytes = test::read_bytes(path);
  return {bytes.begin(), bytes.end()};
}

mode_t mode_of(const std::string& path) {
  struct stat s {};
  EXPECT_EQ(lstat(path.c_str(), &s), 0) << path;
  return s.st_mode;
}

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

TEST(AtomicFile, ReplacesWhatALinkLeadsToAndKeepsTheLink) {
  const TempFolder folder;
  fs::create_directories(folder.file("far/away"));
  write_file(folder.file("far/away/a"), "old");
  fs::create_symlink("away/a", folder.file("far/inner"));  // relative to its own folder
  fs::create_symlink(folder.file("far/inner"), folder.file("outer"));
  write_file(folder.file("outer"), "new");
  EXPECT_TRUE(fs::is_symlink(folder.file("outer")) && fs::is_symlink(folder.file("far/inner")));
  EXPECT_TRUE(S_ISREG(mode_of(folder.file("far/away/a"))));
  EXPECT_EQ(text_of(folder.file("far/away/a")), "new");
}

TEST(AtomicFile, MakesTheFileThatADanglingLinkNames) {
  const TempFolder folder;
  fs::create_symlink("none", folder.file("a"));
  check_output(folder.file("a"));
  EXPECT_EQ(folder.entries(), 1u);
  write_file(folder.file("a"), "new");
  EXPECT_TRUE(fs::is_symlink(folder.file("a")));
  EXPECT_EQ(text_of(folder.file("none")), "new");
  fs::create_symlink("no folder/a", folder.file("b"));
  expect_error([&] { write_file(folder.file("b"), "x"); }, "cannot create", folder.file("b"));
}

TEST(AtomicFile, RefusesLinksInACircle) {
  const TempFolder folder;
  fs::create_symlink("b", folder.file("a"));
  fs::create_symlink("a", folder.file("b"));
  expect_error([&] { write_file(folder.file("a"), "x"); }, "circle", folder.file("a"));
  expect_error([&] { write_file(folder.file("a") + "/c", "x"); }, "cannot create", folder.file("a"));
}

TEST(AtomicFile, KeepsTheModeOfAFileAndGivesNewOnesThatOfTheUmask) {
  const TempFolder folder;
  const mode_t before = umask(027);
  for (const mode_t mode : {0600, 0644, 0666, 0751, 0440}) {
    write_file(folder.file("a"), "old");
    EXPECT_EQ(mode_of(folder.file("a")) & 07777, 0640u);
    chmod(folder.file("a").c_str(), mode);
    write_file(folder.file("a"), "new");
    EXPECT_EQ(mode_of(folder.file("a")) & 07777, mode);
    EXPECT_EQ(text_of(folder.file("a")), "new");
    fs::remove(folder.file("a"));
  }
  umask(before);
}

// As root, who alone can give files away.
TEST(AtomicFile, KeepsTheOwner) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  const TempFolder folder;
  write_file(folder.file("a"), "old");
  ASSERT_EQ(chown(folder.file("a").c_str(), 1234, 4321), 0);
  write_file(folder.file("a"), "new");
  struct stat s {};
  ASSERT_EQ(stat(folder.file("a").c_str(), &s), 0);
  EXPECT_EQ(s.st_uid, 1234u);
  EXPECT_EQ(s.st_gid, 4321u);
}

TEST(AtomicFile, WritesIntoAPipe) {
  const TempFolder folder;
  const std::string pipe = folder.file("pipe"), link = folder.file("link");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  fs::create_symlink("pipe", link);
  check_output(pipe);  // waits for no reader
  const std::string large(200000, 'x');
  for (const std::string& path : {pipe, link}) {
    std::string read;
    std::thread reader([&] {
      std::ifstream in(pipe);
      read.assign(std::istreambuf_iterator<char>(in), {});
    });
    write_file(path, large);
    reader.join();
    EXPECT_EQ(read, large);
  }
  EXPECT_TRUE(S_ISFIFO(mode_of(pipe)));
  EXPECT_TRUE(S_ISLNK(mode_of(link)));
  EXPECT_EQ(folder.entries(), 2u);
}

TEST(AtomicFile, TellsOfAPipeWithoutAReader) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const std::string path = "/dev/fd/" + std::to_string(ends[1]);
  expect_error([&] { check_output("/dev/fd/" + std::to_string(ends[0])); }, "cannot write", "/dev/fd/");  // the end for reading
  close(ends[0]);
  const auto handler = std::signal(SIGPIPE, SIG_IGN);
  expect_error([&] { write_file(path, "x"); }, "Broken pipe", path);
  std::signal(SIGPIPE, handler);
  close(ends[1]);
  expect_error([&] { check_output(path); }, "cannot write", path);  // closed
  expect_error([&] { write_file(path, "x"); }, "cannot create", path);
}

// As /dev/stdout of a program whose output goes to a file: after what is there, and the file stays.
TEST(AtomicFile, GoesOnInAFileThatIsOpenAsADescriptor) {
  const TempFolder folder;
  const int fd = open(folder.file("a").c_str(), O_WRONLY | O_CREAT, 0600);
  ASSERT_EQ(write(fd, "one ", 4), 4);
  for (const char* head : {"/dev/fd/", "/proc/self/fd/"}) {
    const std::string path = head + std::to_string(fd);
    check_output(path);
    write_file(path, "two ");
  }
  fs::create_symlink("/dev/fd/" + std::to_string(fd), folder.file("link"));
  write_file(folder.file("link"), "three ");
  ASSERT_EQ(write(fd, "four", 4), 4);
  close(fd);
  EXPECT_EQ(text_of(folder.file("a")), "one two two three four");
  EXPECT_EQ(folder.entries(), 2u);
}

TEST(AtomicFile, NeitherFollowsNorTakesANameThatIsThere) {
  const TempFolder folder;
  write_file(folder.file("victim"), "safe");
  for (int n = 0; n < 3; ++n)
    fs::create_symlink("victim", folder.file("a.tmp." + std::to_string(getpid()) + "." + std::to_string(n)));
  write_file(folder.file("a"), "new");
  EXPECT_EQ(text_of(folder.file("victim")), "safe");
  EXPECT_EQ(text_of(folder.file("a")), "new");
  EXPECT_TRUE(S_ISREG(mode_of(folder.file("a"))));
  EXPECT_EQ(folder.entries(), 5u);
}

TEST(AtomicFile, LeavesNothingWhenTheProcessIsKilled) {
  const TempFolder folder;
  const int nameless = open(folder.file("").c_str(), O_TMPFILE | O_WRONLY, 0600);
  if (nameless < 0) GTEST_SKIP() << "the file system has no files without names";
  close(nameless);
  write_file(folder.file("a"), "old");
  const pid_t child = fork();
  if (child == 0) {
    AtomicFile file(folder.file("a"));
    file.write("new", 3);
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(text_of(folder.file("a")), "old");
  EXPECT_EQ(folder.entries(), 1u);
}

TEST(AtomicFile, WritesToTheLongestNames) {
  const TempFolder folder;
  const std::string longest(255, 'n');
  write_file(folder.file(longest), "new");
  write_file(folder.file(longest), "newer");
  EXPECT_EQ(text_of(folder.file(longest)), "newer");
  expect_error([&] { write_file(folder.file(longest + "n"), "x"); }, "File name too long", longest);
}

TEST(AtomicFile, CheckingChangesNothing) {
  const TempFolder folder;
  check_output(folder.file("a"));
  EXPECT_EQ(folder.entries(), 0u);
  write_file(folder.file("a"), "old");
  check_output(folder.file("a"));
  EXPECT_EQ(text_of(folder.file("a")), "old");
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{AF_UNIX, {}};
  folder.file("socket").copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  expect_error([&] { check_output(folder.file("socket")); }, "cannot write", "socket");
  close(fd);
  expect_error([&] { check_output(folder.file("none/a")); }, "cannot create", "none/a");
  expect_error([&] { check_output(folder.file("")); }, "Is a directory", folder.path());
}

}  // namespace
}  // namespace intrain
