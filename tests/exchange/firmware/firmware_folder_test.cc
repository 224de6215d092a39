// The folder of firmware, compiled for this machine with what a small system has: the signature of the library after the same steps.
#include "exchange/firmware/firmware_folder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "checkpoint/signature.h"
#include "support/nets.h"
#include "support/temp_folder.h"

namespace intrain::test {
namespace {

constexpr int kFolderSamples = 12;
constexpr SgdStep kFolderStep{.rate = {524, -16}, .mom = {922, -10}, .decay = {839, -23}, .seed = 7, .step = 0};

// Reads label and pixels of each sample, learns from all, prints the signature.
constexpr const char* kFolderMain = R"(
#include <stdio.h>
#include "intrain_net.h"
static uint64_t arena[INTRAIN_ARENA_BYTES / 8];
int main(void) {
  uint8_t sample[1 + INTRAIN_INPUTS];
  intrain_init(arena);
  while (fread(sample, sizeof sample, 1, stdin) == 1) intrain_train_step(arena, sample + 1, sample[0]);
  printf("%u %016llx", (unsigned)intrain_step_count(arena), (unsigned long long)intrain_signature(arena));
  return 0;
}
)";

Net folder_chain() {
  NetBuilder net(12, 12, 1, 10);
  Value* x = net.conv_bn_relu(net.input(), {.k = 8, .size = 3, .stride = 2, .pad = 1});
  x = net.conv_relu(net.max_pool(x, 2, 2, 0), {.k = 16, .size = 3, .pad = 1});
  return net.linear_logits(net.linear_relu(x, 20));
}

void write_text(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

std::string read_text(const std::filesystem::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(FirmwareFolder, CompiledItLearnsTheSame) {
  Net net = folder_chain();
  net.freeze_statistics(true);
  net.prepare(1, true, std::make_shared<Runtime>(1));
  net.initialize(3);
  // Pixels are the net's input moved by 128.
  std::vector<int8_t> table;
  for (int p = 0; p < 256; ++p) table.push_back(static_cast<int8_t>(std::max(p - 128, -127)));
  const FirmwarePlan plan = plan_firmware(net, parameter_layers(net), kFolderStep);
  const TempFolder folder;
  const std::filesystem::path root = folder.path();
  for (const FirmwareText& file : firmware_files(plan, {"a chain", 12, 12, 1, table})) write_text(root / file.path, file.text);
  write_text(root / "main.c", kFolderMain);

  SgdStep step = kFolderStep;
  std::string samples;
  for (; step.step < kFolderSamples; ++step.step) {
    const Batch image = synthetic_batch(1, static_cast<int>(step.step));
    samples += static_cast<char>(image.labels[0]);
    for (const int8_t v : image.images) samples += static_cast<char>(v + 128);
    train_step(net, image, step);
  }
  write_text(root / "samples", samples);
  const std::string command =
      "cd '" + root.string() +
      "' && make -s -j2 CROSS= FLAGS='-Wall -Wextra -Werror' > log 2>&1 && cc -Isrc main.c libintrain_net.a -o learn >> log "
      "2>&1 && ./learn < samples > result";
  ASSERT_EQ(std::system(command.c_str()), 0) << read_text(root / "log");
  EXPECT_EQ(read_text(root / "result"), "12 " + signature_text(state_signature(net.state(), kFolderSamples)));
}

}  // namespace
}  // namespace intrain::test
