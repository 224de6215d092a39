// Nets of the kinds that firmware takes, as folders of firmware, with samples for each and what the library ends at after them: what
// micro_test.py compiles for every machine.
//
//   firmware_nets DIR RANDOM     the named nets and RANDOM ones; of each, in DIR, a folder with intrain_net.h, intrain_net.cc,
//                                samples.h and expected; the other files, which are equal, once in DIR
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>

#include "checkpoint/signature.h"
#include "exchange/firmware/firmware_folder.h"
#include "support/nets.h"

namespace intrain::test {
namespace {

struct Problem {
  std::string name;
  std::function<Net()> make;
  int h, w, c, classes;
  SgdStep step;
  int samples;
};

// The largest of few inputs by a hidden layer: within the memory of the smallest board.
Net sensors() {
  NetBuilder net(1, 24, 1, 4);
  return net.linear_logits(net.linear_relu(net.input(), 16));
}
Net small_images() {
  NetBuilder net(12, 12, 1, 10);
  Value* x = net.conv_bn_relu(net.input(), {.k = 8, .size = 3, .stride = 2, .pad = 1});
  x = net.conv_relu(net.max_pool(x, 2, 2, 0), {.k = 16, .size = 3, .pad = 1});
  return net.linear_logits(net.linear_relu(x, 20));
}
Net signal() {
  NetBuilder net(1, 64, 3, 6);
  Value* x = net.conv_relu(net.input(), {.k = 8, .size = 5, .stride = 2, .pad = 2, .height = 1});
  x = net.conv_bn_relu(x, {.k = 12, .size = 3, .stride = 2, .pad = 1, .height = 1});
  return net.linear_logits(
      net.global_average_pool(net.conv_bn_relu6(x, {.k = 12, .size = 3, .pad = 1, .groups = 12, .height = 1})));
}
// That of the figures: 28 x 28 pixels, 8, 16 and 32 channels.
Net digits() {
  NetBuilder net(28, 28, 1, 10);
  Value* x = net.conv_bn_relu(net.input(), {.k = 8, .size = 3, .stride = 2, .pad = 1});
  x = net.conv_bn_relu(x, {.k = 16, .size = 3, .stride = 2, .pad = 1});
  x = net.conv_bn_relu(x, {.k = 32, .size = 3, .stride = 2, .pad = 1});
  return net.linear_logits(net.global_average_pool(x));
}

constexpr SgdStep kMomentumStep{.rate = {524, -16}, .mom = {922, -10}, .decay = {839, -23}, .seed = 7, .step = 0};

// A chain of layers that fit what comes before them: everything that the number says.
Net random_chain(uint64_t number, int h, int w, int c, int classes) {
  Rng rng(1000 + number);
  const auto draw = [&](int least, int most) { return static_cast<int>(rng.range(least, most)); };
  NetBuilder net(h, w, c, classes);
  Value* x = net.input();
  const int depth = draw(1, 4);
  for (int i = 0; i < depth; ++i) {
    const int kind = draw(0, 4), height = std::min({draw(1, 3), x->h, x->w});
    if (kind == 4 && x != net.input()) {
      const int size = std::min({2, x->h, x->w});
      x = net.max_pool(x, size, draw(1, 2), draw(0, size - 1));
      continue;
    }
    ConvSpec conv{.k = draw(1, 13), .size = height, .stride = draw(1, 2), .pad = draw(0, height - 1), .height = height};
    if (x->h == 1) conv.size = std::min(draw(1, 5), x->w), conv.pad = draw(0, conv.size - 1);
    for (const int groups : {2, 3, 4, 8})
      if (draw(0, 2) == 0 && x->c % groups == 0) conv.groups = groups, conv.k = groups * draw(1, 3);
    if (kind == 3) conv.groups = x->c, conv.k = x->c;  // each channel by itself
    x = kind == 0 ? net.conv_relu(x, conv) : kind == 1 ? net.conv_bn_relu6(x, conv) : net.conv_bn_relu(x, conv);
  }
  if (draw(0, 1) == 1) x = net.global_average_pool(x);
  if (draw(0, 1) == 1) x = net.linear_relu(x, draw(1, 20));
  return net.linear_logits(net.linear_relu(x, draw(12, 24)));
}

Problem random_problem(uint64_t number) {
  Rng rng(number);
  const auto draw = [&](int least, int most) { return static_cast<int>(rng.range(least, most)); };
  const bool signal = draw(0, 3) == 0;
  const int h = signal ? 1 : draw(3, 11), w = signal ? draw(8, 48) : draw(3, 11), c = draw(1, 3), classes = draw(6, 11);
  SgdStep step = kMomentumStep;
  step.seed = static_cast<uint64_t>(number) << 16;
  step.rate = {draw(512, 1023), draw(-18, -13)};
  if (draw(0, 2) == 0) step.mom = {};
  if (draw(0, 2) == 0) step.decay = {};
  return {"random" + std::to_string(number), [=] { return random_chain(number, h, w, c, classes); }, h, w, c, classes, step, 6};
}

Batch sample(const Problem& p, uint64_t i) { return random_batch(77 + i, 1, p.h, p.w, p.c, p.classes); }

// Prepared for one image, with the parameters and the statistics of some steps on more.
Net ready(const Problem& p, int learning_layers) {
  ReadyNet large(p.make(), 8);
  for (uint32_t step = 0; step < 2; ++step) large.train(random_batch(step, 8, p.h, p.w, p.c, p.classes), 51, step);
  Net net = p.make();
  net.keep_momentum(p.step.mom.mantissa != 0);
  net.freeze_statistics(true);
  freeze_for_device(net, learning_layers);
  net.prepare(1, learning_layers > 0, std::make_shared<Runtime>(1));
  net.initialize(1);
  take_all_but_momentum(net, large.net);
  net.quantize_parameters();
  return net;
}

void write(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

std::string samples_text(const Problem& p) {
  std::string text = "static const uint8_t kSamples[][1 + INTRAIN_INPUTS] = {\n";
  for (int i = 0; i < p.samples; ++i) {
    const Batch image = sample(p, static_cast<uint64_t>(i));
    text += "{" + std::to_string(image.labels[0]);
    for (const int8_t v : image.images) text += "," + std::to_string(v + 128);
    text += "},\n";
  }
  return text + "};\n";
}

// As the device sums up what comes out: logits, or the class that a step took the image for.
uint32_t add_output(uint32_t sum, const std::vector<int32_t>& logits, bool learns) {
  if (learns) return sum * 31 + static_cast<uint32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
  for (const int32_t logit : logits) sum = sum * 31 + static_cast<uint32_t>(logit);
  return sum;
}

std::string hex32(uint32_t v) {
  char text[9];
  std::snprintf(text, sizeof text, "%08x", v);
  return text;
}

enum class Mode { kFull, kHead, kInfer };

// Pixels are the net's input moved by 128.
void write_problem(const std::filesystem::path& root, const Problem& p, Mode mode) {
  const bool learns = mode != Mode::kInfer;
  const std::string name = p.name + (mode == Mode::kFull ? "" : learns ? "_head" : "_infer");
  const int learning_layers = mode == Mode::kFull ? parameter_layers(p.make()) : learns ? 1 : 0;
  Net net = ready(p, learning_layers);
  FirmwareSubject subject{name, p.h, p.w, p.c, {}};
  for (int c = 0; c < p.c; ++c)
    for (int pixel = 0; pixel < 256; ++pixel) subject.table.push_back(static_cast<int8_t>(std::max(pixel - 128, -127)));
  const FirmwarePlan plan = plan_firmware(net, learning_layers, p.step);
  for (const FirmwareText& file : firmware_files(plan, subject)) {
    const bool own = file.path.starts_with("src/intrain_net.");
    const std::filesystem::path path = own ? root / name / std::filesystem::path(file.path).filename() : root / file.path;
    if (own || !std::filesystem::exists(path)) write(path, file.text);
  }
  write(root / name / "samples.h", samples_text(p));
  uint32_t outputs = 0;
  SgdStep step = p.step;
  for (; step.step < static_cast<uint32_t>(p.samples); ++step.step) {
    const Batch image = sample(p, step.step);
    if (learns)
      train_step(net, image, step);
    else
      net.evaluate(image);
    outputs = add_output(outputs, logits_of(net, 1), learns);
  }
  const std::string signature = learns ? signature_text(state_signature(net.state(), step.step)) : "-";
  const FirmwareCode code = firmware_code(learns);
  write(root / name / "expected", name + " " + hex32(outputs) + " " + signature + " " + std::to_string(code.stack_bytes) + " " +
                                      std::to_string(code.flash_bytes) + " " + std::to_string(plan.constants.size()) + "\n");
}

}  // namespace
}  // namespace intrain::test

int main(int argc, char** argv) {
  using namespace intrain;
  using namespace intrain::test;
  if (argc != 3) {
    std::cerr << "usage: firmware_nets DIR RANDOM\n";
    return 2;
  }
  std::vector<Problem> problems = {{"sensors", sensors, 1, 24, 1, 4, kMomentumStep, 12},
                                   {"small_images", small_images, 12, 12, 1, 10, kMomentumStep, 12},
                                   {"signal", signal, 1, 64, 3, 6, kMomentumStep, 12},
                                   {"digits", digits, 28, 28, 1, 10, kMomentumStep, 4}};
  for (int i = 0; i < std::stoi(argv[2]); ++i) problems.push_back(random_problem(static_cast<uint64_t>(i)));
  for (const Problem& p : problems)
    for (const Mode mode : {Mode::kFull, Mode::kHead, Mode::kInfer}) write_problem(argv[1], p, mode);
  return 0;
}
