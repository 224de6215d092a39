#include "analysis/results_json.h"

#include <nlohmann/json.hpp>

#include "analysis/confusion.h"
#include "io/json_text.h"
#include "settings/crop.h"
#include "train/trained_net.h"

namespace intrain {

namespace {

using Json = nlohmann::ordered_json;

// In ASCII: what is printed as JSON may hold control characters beyond it.
std::string text(const Json& json) { return json.dump(2, ' ', true) + "\n"; }

Json head(const Checkpoint& checkpoint) {
  return {{"checkpoint", to_unicode(checkpoint.path)}, {"model", to_unicode(checkpoint.info.model)}};
}

void add_views(Json& json, const TestViews& views) {
  if (views.mirror) json["test_mirror"] = true;
  if (views.shift > 0) json["test_shift"] = views.shift;
}

}  // namespace

std::string evaluation_json(const Checkpoint& checkpoint, const DataSplits& data, const std::string& split,
                            const Evaluation& result) {
  const int classes = checkpoint.info.classes;
  const Metrics& metrics = result.metrics;
  Json json = head(checkpoint);
  json["epoch"] = checkpoint.info.epoch;
  json["data"] = to_unicode(data.spec);
  json["split"] = split;
  add_views(json, result.views);
  if (!data.test.files.empty()) json["crop"] = crop_text(data.test.crop_q16);
  json["images"] = metrics.count;
  json["loss"] = metrics.mean_loss();
  json["hits"] = metrics.hits;
  json["accuracy"] = metrics.accuracy();
  if (classes > 5) {
    json["top5_hits"] = metrics.top5_hits;
    json["top5_accuracy"] = metrics.top5_accuracy();
  }
  const std::vector<std::string> names = class_labels(checkpoint.info);
  const std::vector<ClassCounts> counts = count_classes(data.test.labels, result.predicted, classes);
  Json& list = json["classes"] = Json::array();
  for (size_t i = 0; i < counts.size(); ++i)
    list.push_back({{"class", to_unicode(names[i])},
                    {"label", i},
                    {"images", counts[i].images},
                    {"predicted", counts[i].predicted},
                    {"hits", counts[i].hits},
                    {"precision", counts[i].precision()},
                    {"recall", counts[i].recall()},
                    {"f1", counts[i].f1()}});
  if (classes <= kMaxConfusionClasses) {
    const std::vector<int64_t> matrix = confusion_matrix(data.test.labels, result.predicted, classes);
    Json& rows = json["confusion"] = Json::array();
    for (auto row = matrix.begin(); row != matrix.end(); row += classes) rows.push_back(std::vector<int64_t>(row, row + classes));
  }
  json["broken"] = to_unicode(data.broken);
  return text(json);
}

std::string predictions_json(const Checkpoint& checkpoint, const TestViews& views, int logits_exp,
                             const std::vector<FilePrediction>& predictions) {
  const std::vector<std::string> names = class_labels(checkpoint.info);
  Json json = head(checkpoint);
  add_views(json, views);
  json["logits_exp"] = logits_exp;
  Json files = Json::array(), broken = Json::array();
  for (const FilePrediction& p : predictions) {
    if (p.error) {
      broken.push_back({{"file", to_unicode(p.file)}, {"error", to_unicode(p.error->what())}});
      continue;
    }
    Json classes = Json::array();
    for (const ClassScore& s : p.classes)
      classes.push_back({{"class", to_unicode(names[static_cast<size_t>(s.label)])},
                         {"label", s.label},
                         {"probability", s.probability},
                         {"logit", s.logit}});
    files.push_back({{"file", to_unicode(p.file)}, {"classes", std::move(classes)}});
  }
  json["files"] = std::move(files);
  json["broken"] = std::move(broken);
  return text(json);
}

}  // namespace intrain
