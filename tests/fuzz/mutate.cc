// Stands in for libFuzzer where there is none (g++): calls the target with the corpus and with damaged and grown copies of it, for some
// seconds. An input that takes longer than kMostSeconds ends it.
//
//   <target> SECONDS CORPUS_FOLDER
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

#include "fuzz/grow.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using Bytes = std::vector<uint8_t>;

constexpr unsigned kMostSeconds = 20;  // of an input: ten times what the longest takes under sanitizers
constexpr size_t kMostBytes = size_t{1} << 20;

void give(const Bytes& bytes) {
  alarm(kMostSeconds);
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  alarm(0);
}

void too_slow(int) {
  constexpr char kText[] = "an input took too long\n";
  if (write(STDERR_FILENO, kText, sizeof kText - 1) > 0) std::_Exit(1);
  std::_Exit(1);
}

// One change: a bit, a byte, a cut, a piece twice, or a piece of another input.
void damage(Bytes& bytes, const Bytes& other, std::mt19937& random) {
  if (bytes.empty()) return;
  const auto below = [&](size_t n) { return n == 0 ? 0 : random() % n; };
  const size_t at = below(bytes.size()), length = below(std::min<size_t>(64, bytes.size() - at)) + 1;
  const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at), end = begin + static_cast<std::ptrdiff_t>(length);
  switch (below(6)) {
    case 0:
      bytes[at] = static_cast<uint8_t>(bytes[at] ^ 1 << below(8));
      break;
    case 1:
      bytes[at] = static_cast<uint8_t>(random());
      break;
    case 2:
      bytes.erase(begin, end);
      break;
    case 3:
      bytes.resize(at);
      break;
    case 4: {
      const Bytes piece(begin, end);
      bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(below(bytes.size())), piece.begin(), piece.end());
      break;
    }
    case 5:
      for (size_t i = 0; i < length && i < other.size(); ++i) bytes[at + i] = other[(at + i) % other.size()];
      break;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  std::signal(SIGALRM, too_slow);
  std::vector<Bytes> corpus;
  for (const auto& entry : std::filesystem::directory_iterator(argv[2])) {
    std::ifstream in(entry.path(), std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    give(corpus.back());
  }
  if (corpus.empty()) return 2;
  std::mt19937 random(1);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(std::atoi(argv[1]));
  int64_t inputs = static_cast<int64_t>(corpus.size());
  for (; std::chrono::steady_clock::now() < end; ++inputs) {
    Bytes bytes = corpus[random() % corpus.size()];
    for (uint32_t changes = random() % 8 + 1; changes > 0; --changes) damage(bytes, corpus[random() % corpus.size()], random);
    if (random() % 16 == 0) intrain::test::grow(bytes, kMostBytes, random);
    give(bytes);
  }
  std::printf("%lld inputs\n", static_cast<long long>(inputs));
  return 0;
}
