// What a net says of images, as JSON for programs. Shares and probabilities 0 .. 1; null where there is nothing to divide by. Names
// and paths that are not UTF-8: core/byte_text.h.
#pragma once

#include <string>
#include <vector>

#include "analysis/predict.h"
#include "checkpoint/checkpoint.h"
#include "data/dataset.h"
#include "train/evaluate.h"

namespace intrain {

// {checkpoint, model, epoch, data, split ("evaluation": what training evaluates on), test_mirror: true and test_shift: N if
// there are such views of each image (TestViews), crop if they are photos, images, loss, hits, accuracy, top5_hits and top5_accuracy if there are
// more than 5 classes, classes: [{class, label, images, predicted, hits, precision, recall, f1}], confusion: a list of counts for each true class,
// if there are at most kMaxConfusionClasses, broken: ["file: why"]}. result: of data.test, which is the part of the data called `split`.
std::string evaluation_json(const Checkpoint& checkpoint, const DataSplits& data, const std::string& split,
                            const Evaluation& result);

// {checkpoint, model, test_mirror and test_shift as above, logits_exp, files: [{file, classes: [{class, label, probability, logit}]}],
// broken: [{file, error}]}; the value of a logit is logit * 2^logits_exp.
std::string predictions_json(const Checkpoint& checkpoint, const TestViews& views, int logits_exp,
                             const std::vector<FilePrediction>& predictions);

}  // namespace intrain
