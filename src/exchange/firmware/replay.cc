#include "exchange/firmware/replay.h"

#include <bit>
#include <cstring>
#include <vector>

#include "checkpoint/signature.h"
#include "core/error.h"
#include "io/read_file.h"
#include "micro/step.h"
#include "train/metrics.h"
#include "train/step.h"

namespace intrain {

namespace {

static_assert(std::endian::native == std::endian::little, "integers are taken as they lie in the file");

constexpr char kMagic[9] = "intrainS";
constexpr uint32_t kVersion = 1, kRate = 0xffffffff;
constexpr int64_t kHeadBytes = 16;
constexpr const char* kFormat = "docs/micro.md says how firmware records what it learns from";

class Record {
 public:
  Record(const std::string& path, int64_t pixels) : path_(path), file_(path), left_(file_.size()) {
    char magic[8];
    uint32_t words[2];
    if (left_ < kHeadBytes) throw Error("no record of samples", path, kFormat);
    read(magic, sizeof magic);
    read(words, sizeof words);
    if (std::memcmp(magic, kMagic, sizeof magic) != 0) throw Error("no record of samples: wrong magic number", path, kFormat);
    if (words[0] != kVersion)
      throw Error("a record of version " + std::to_string(words[0]) + ", this program reads " + std::to_string(kVersion), path,
                  kFormat);
    if (words[1] != pixels)
      throw Error("images of " + std::to_string(words[1]) + " pixels, the net's have " + std::to_string(pixels), path,
                  "give the record of a device with this net");
  }
  bool at_end() const { return left_ == 0; }
  template <class T>
  void read(T* to, size_t count) {
    const int64_t bytes = static_cast<int64_t>(count);
    if (bytes > left_)
      throw Error("the record ends within an entry", path_, "cut it to its first " + std::to_string(entry_) + " bytes");
    file_.read(to, bytes);
    left_ -= bytes;
  }
  // What follows is another entry.
  void begin_entry() { entry_ = file_.size() - left_; }
  [[noreturn]] void refuse(const std::string& what) const {
    throw Error("the entry at byte " + std::to_string(entry_) + " has " + what, path_, kFormat);
  }

 private:
  const std::string path_;
  InputFile file_;
  int64_t left_, entry_ = 0;
};

}  // namespace

Replay replay(const std::string& path, const CheckpointInfo& info, DeviceNet& device) {
  Net& net = device.net;
  const size_t channels = static_cast<size_t>(info.c), inputs = static_cast<size_t>(info.h * info.w) * channels;
  std::vector<uint8_t> pixels(inputs);
  Batch batch{.count = 1, .images = std::vector<int8_t>(inputs), .labels = {0}};
  Record record(path, static_cast<int64_t>(inputs));
  Replay result;
  while (!record.at_end()) {
    record.begin_entry();
    uint32_t label;
    record.read(&label, sizeof label);
    if (label == kRate) {
      int32_t rate[2];
      record.read(rate, sizeof rate);
      device.step.rate = {rate[0], rate[1]};
      if (!micro::is_rate(device.step.rate))
        record.refuse("the rate " + std::to_string(rate[0]) + " * 2^" + std::to_string(rate[1]));
      continue;
    }
    if (label >= static_cast<uint32_t>(net.classes()))
      record.refuse("the label " + std::to_string(label) + ", which is no class");
    record.read(pixels.data(), inputs);
    for (size_t i = 0; i < inputs; ++i) batch.images[i] = info.normalization[i % channels * 256 + pixels[i]];
    batch.labels[0] = static_cast<int32_t>(label);
    train_step(net, batch, device.step);
    result.hits += measure(net.logits(), net.logits_exp(), 1, net.classes(), batch.labels.data()).hits;
    ++device.step.step;
    ++result.steps;
  }
  result.signature = state_signature(net.state(), device.step.step);
  return result;
}

}  // namespace intrain
