#include "exchange/export/export.h"

#include <nlohmann/json.hpp>

#include "core/byte_text.h"
#include "core/error.h"
#include "exchange/export/exact.h"
#include "exchange/export/qdq.h"

namespace intrain {

std::string onnx_model(Net& net, const OnnxInfo& info, OnnxForm form) {
  if (static_cast<int64_t>(info.normalization.size()) < int64_t{256} * net.channels())
    throw Error("a normalization of " + std::to_string(info.normalization.size()) + " entries for images of " +
                    std::to_string(net.channels()) + " channels",
                "", "there are 256 for each channel, as CheckpointInfo::normalization has them");
  OnnxGraph graph(to_unicode(info.model));
  graph.metadata("model", to_unicode(info.model));
  nlohmann::json classes;
  for (const std::string& name : info.class_names) classes.push_back(to_unicode(name));
  if (!info.class_names.empty()) graph.metadata("classes", classes.dump());
  const auto write = [&](OnnxSink&& sink) {
    net.describe(sink);
    return sink.logits_exp();
  };
  const int h = net.height(), w = net.width(), c = net.channels();
  std::string text = "images: u8 [N, C, H, W], the pixels as they are. logits: [N, classes], ";
  if (form == OnnxForm::kExact) {
    const int exp = write(ExactSink(graph, h, w, c, info.normalization));
    graph.metadata("form", "exact");
    graph.metadata("logits_exp", std::to_string(exp));
    text += "s32, bit by bit those of intrain; the value of a logit is logit * 2^" + std::to_string(exp) + ".";
  } else {
    write(QdqSink(graph, h, w, c, info.normalization));
    graph.metadata("form", "qdq");
    text += "float.";
  }
  return graph.serialize("intrain", info.version, text);
}

}  // namespace intrain
