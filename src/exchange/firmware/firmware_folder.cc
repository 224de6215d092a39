#include "exchange/firmware/firmware_folder.h"

#include "exchange/firmware/firmware_header.h"
#include "exchange/firmware/firmware_sources.h"

namespace intrain {

namespace {

// An aggregate's members, as C++ writes them.
class Members {
 public:
  Members& add(const std::string& text) {
    text_ += (text_.empty() ? "{" : ", ") + text;
    return *this;
  }
  Members& add(const char* text) { return add(std::string(text)); }
  Members& add(bool value) { return add(value ? "true" : "false"); }
  Members& add(int32_t value) { return add(std::to_string(value)); }
  Members& add(uint32_t value) { return value == micro::kNone ? add("kNone") : add(std::to_string(value) + "u"); }
  Members& add(uint64_t value) { return add(std::to_string(value) + "u"); }
  Members& add(const Members& inner) { return add(inner.text()); }
  std::string text() const { return text_ + "}"; }

 private:
  std::string text_;
};

template <class... Values>
Members members(const Values&... values) {
  Members list;
  (list.add(values), ...);
  return list;
}

const char* kind_name(micro::LayerKind kind) {
  switch (kind) {
    case micro::LayerKind::kConvNorm:
      return "LayerKind::kConvNorm";
    case micro::LayerKind::kProductRelu:
      return "LayerKind::kProductRelu";
    case micro::LayerKind::kLogits:
      return "LayerKind::kLogits";
    case micro::LayerKind::kMaxPool:
      return "LayerKind::kMaxPool";
    case micro::LayerKind::kAveragePool:
      return "LayerKind::kAveragePool";
  }
  return "";
}

Members of(const ConvShape& s) { return members(s.h, s.w, s.c, s.k, s.kh, s.kw, s.stride, s.pad, s.groups, s.signed_src); }
Members of(const MaxPoolShape& s) { return members(s.h, s.w, s.c, s.size, s.stride, s.pad); }
Members of(const micro::Tensor& t) {
  return members(t.count, t.grad_bits, t.number, t.name, t.first, t.master, t.momentum, t.momentum_exp);
}
Members of(const micro::Fixed& f) {
  return members(f.weight8, f.weight_exp, f.bias, f.stage, f.mult, f.offset, f.f_shift, f.gamma, f.beta);
}
Members of(const micro::Scratch& s) {
  return members(s.sums, s.staged, s.weight8, s.bias, s.stage, s.mult, s.offset, s.f_shift, s.sigma, s.gamma, s.beta, s.error8,
                 s.grad, s.k, s.b, s.a, s.channel_sums);
}
Members of(const micro::Layer& l) {
  return members(kind_name(l.kind), of(l.shape), of(l.pool), l.in_exp, l.out_exp, l.top, l.in, l.out, l.kept, l.in_error,
                 l.out_error, of(l.weight), of(l.gamma), of(l.beta), l.name, l.running_mean, l.running_var, of(l.fixed),
                 of(l.forward), of(l.backward));
}
Members of(const Scalar10& s) { return members(s.mantissa, s.exp); }
Members of(const micro::Net& n) {
  const Members step = members(of(n.first_step.rate), of(n.first_step.mom), of(n.first_step.decay), n.first_step.seed, 0u);
  return members("kLayers", n.layer_count, n.classes, n.learning_layers, n.arena_bytes, n.state_bytes, n.identity, n.hashed,
                 n.input, "kConstants", step);
}

template <class Values>
std::string array(const Values& values) {
  constexpr size_t kInLine = 24;
  std::string text;
  for (size_t i = 0; i < values.size(); ++i) text += (i == 0 ? "" : i % kInLine == 0 ? ",\n" : ",") + std::to_string(values[i]);
  return text;
}

constexpr const char* kFunctions = R"(
uint8_t* bytes(uint64_t* arena) { return reinterpret_cast<uint8_t*>(arena); }

void show(uint64_t* arena, const uint8_t* pixels) {
  int8_t* const input = place<int8_t>(bytes(arena), kNet.input);
  for (int32_t i = 0; i < INTRAIN_INPUTS; ++i) input[i] = kTable[i % kChannels][pixels[i]];
}

}  // namespace

void intrain_init(uint64_t* arena) { reset(kNet, bytes(arena)); }

int32_t intrain_predict(uint64_t* arena, const uint8_t* pixels, const int32_t** logits) {
  show(arena, pixels);
  const int32_t* const all = forward(kNet, bytes(arena));
  if (logits != nullptr) *logits = all;
  return largest(all, kNet.classes);
}

const intrain_net_info* intrain_info(void) { return &kInfo; }
)";

constexpr const char* kLearningFunctions = R"(
namespace {

const uint8_t* bytes(const uint64_t* arena) { return reinterpret_cast<const uint8_t*>(arena); }
Storage storage_of(const intrain_storage& s) { return {s.context, s.read, s.erase, s.write}; }

}  // namespace

int32_t intrain_load(uint64_t* arena, const intrain_storage* storage) {
  return load(kNet, bytes(arena), storage_of(*storage)) ? 1 : 0;
}

int32_t intrain_save(const uint64_t* arena, const intrain_storage* storage) {
  return save(kNet, bytes(arena), storage_of(*storage)) ? 1 : 0;
}

int32_t intrain_train_step(uint64_t* arena, const uint8_t* pixels, int32_t label) {
  if (label < 0 || label >= kNet.classes) return -1;
  show(arena, pixels);
  return largest(train_step(kNet, bytes(arena), label), kNet.classes);
}

int32_t intrain_set_rate(uint64_t* arena, int32_t mantissa, int32_t exponent) {
  return set_rate(bytes(arena), {mantissa, exponent}) ? 1 : 0;
}

uint32_t intrain_step_count(const uint64_t* arena) { return progress(bytes(arena)).steps; }

uint64_t intrain_signature(const uint64_t* arena) { return signature(kNet, bytes(arena)); }
)";

std::string source(const FirmwarePlan& plan, const FirmwareSubject& subject) {
  const bool learns = plan.net.learning_layers > 0;
  std::string text = "// " + subject.title + "\n#include \"intrain_net.h\"\n\n#include \"micro/forward.h\"\n";
  if (learns) text += "#include \"micro/signature.h\"\n#include \"micro/state.h\"\n#include \"micro/step.h\"\n";
  text += "\nnamespace {\n\nusing namespace intrain;\nusing namespace intrain::micro;\n\n";
  text += "alignas(8) const uint8_t kConstants[] = {\n" + array(plan.constants) + "};\n\nconst Layer kLayers[] = {\n";
  for (const micro::Layer& layer : plan.layers) text += "    " + of(layer).text() + ",\n";
  text += "};\n\nconst Net kNet = " + of(plan.net).text() + ";\n\n";
  text += "constexpr int32_t kChannels = " + std::to_string(subject.c) + ";\nconst int8_t kTable[kChannels][256] = {\n";
  for (auto channel = subject.table.begin(); channel != subject.table.begin() + int64_t{subject.c} * 256; channel += 256)
    text += "{" + array(std::vector<int8_t>(channel, channel + 256)) + "},\n";
  text += "};\n";
  text += firmware_info(plan, subject);
  return text + kFunctions + (learns ? kLearningFunctions : "");
}

}  // namespace

std::vector<FirmwareText> firmware_files(const FirmwarePlan& plan, const FirmwareSubject& subject) {
  std::vector<FirmwareText> files = {{"intrain_net.h", firmware_header(plan, subject)},
                                     {"intrain_net.cc", source(plan, subject)}};
  for (const FirmwareSource& s : firmware_sources()) files.push_back({std::string(s.path), std::string(s.text)});
  for (FirmwareText& file : files) file.path.insert(0, "src/");
  std::vector<std::string> compiled;
  for (const FirmwareText& file : files)
    if (file.path.ends_with(".cc")) compiled.push_back(file.path);
  for (FirmwareText& file : firmware_layouts(compiled, plan.net.learning_layers > 0)) files.push_back(std::move(file));
  return files;
}

}  // namespace intrain
