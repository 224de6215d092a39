// Which modules of a safetensors file are which layers of our net.
#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "core/error.h"
#include "exchange/import/float_net.h"
#include "exchange/import/module_order.h"
#include "exchange/import/safetensors_modules.h"

namespace intrain {

namespace {

constexpr const char* kOrderHint =
    "name such modules in the order of the forward pass, as `order` first,second; or import the net as an ONNX model, whose "
    "graph tells it";

constexpr size_t kMostSpare = 100;  // modules of a kind in a head that is replaced

class Reader {
 public:
  Reader(const std::string& path, const std::vector<NetStep>& steps, const SafetensorsOptions& options)
      : modules_(path, options.prefix), steps_(steps), new_head_(options.new_head), order_(options.order) {
    find_trunk();
    for (const auto& [name, tensors] : modules_.all()) {
      std::vector<std::string>* list = list_of(name);
      if (list != nullptr)
        list->push_back(name);
      else
        left_out_.insert(name);
    }
    for (auto* list : {&convs_, &linears_, &norms_}) std::sort(list->begin(), list->end(), natural_less);
    std::vector<std::string> names;
    for (const auto& [name, tensors] : modules_.all()) names.push_back(name);
    for (const std::string& name : order_.unknown(names))
      throw Error("no module of " + modules_.path() + " is called '" + name + "'", Setting{"order"}, kOrderHint);
  }

  std::vector<FloatLayer> read() {
    std::vector<Place> convs, linears;
    const auto adds = [&](const NetStep& step) { return step.out != nullptr && step.out->kind == Value::Kind::kNormalized; };
    has_branches_ = std::any_of(steps_.begin(), steps_.end(), adds);
    for (const NetStep& step : steps_) {
      if (step.kind == NetStep::Kind::kConv) convs.push_back({&step, weight_shape(step), adds(step)});
      if (step.kind == NetStep::Kind::kLinear && !(step.out == nullptr && new_head_))
        linears.push_back({&step, weight_shape(step), false});
    }
    const bool folded =
        norms_.empty() || (new_head_ && std::all_of(norms_.begin(), norms_.end(), [&](const auto& n) { return in_head(n); }));
    check_count("convolutions", convs_, convs.size());
    check_count("linear layers", linears_, linears.size());
    if (!folded) check_count("batch norms", norms_, convs.size());

    const std::vector<std::string> conv_names = match(convs_, convs), linear_names = match(linears_, linears);
    std::vector<std::string> norm_names(folded ? conv_names.size() : 0);
    if (!folded) norm_names = match_norms(conv_names, convs);
    leave_out(conv_names, linear_names, norm_names);

    std::vector<FloatLayer> layers;
    size_t conv = 0, linear = 0;
    for (const NetStep& step : steps_) {
      if (step.kind == NetStep::Kind::kConv) {
        layers.push_back(modules_.conv_layer(step, conv_names[conv], norm_names[conv]));
        ++conv;
      } else if (step.kind == NetStep::Kind::kLinear) {
        layers.push_back(step.out == nullptr && new_head_ ? new_head() : modules_.linear_layer(step, linear_names[linear++]));
      }
    }
    return layers;
  }

 private:
  // What a step takes of one kind.
  struct Place {
    const NetStep* step;
    std::vector<int64_t> shape;  // of the weight
    bool branch;                 // a convolution whose output is only added: a shortcut
  };

  // The modules that all others are in, as "module." of DataParallel: they say nothing of a module's place.
  void find_trunk() {
    std::string_view common = modules_.all().empty() ? std::string_view{} : modules_.all().begin()->first;
    for (const auto& [name, tensors] : modules_.all())
      common = common.substr(
          0, static_cast<size_t>(std::mismatch(common.begin(), common.end(), name.begin(), name.end()).first - common.begin()));
    trunk_ = common.rfind('.') == common.npos ? 0 : common.rfind('.') + 1;
  }
  bool in_head(const std::string& module) const { return is_head(std::string_view(module).substr(trunk_)); }

  // Where a module belongs by the rank of its weight; null: to a head that a new one replaces.
  std::vector<std::string>* list_of(const std::string& name) {
    const auto& tensors = modules_.all().at(name);
    const bool spare = new_head_ && in_head(name);
    for (const auto& [leaf, tensor] : tensors)
      if (leaf != "weight" && leaf != "bias" && leaf != "running_mean" && leaf != "running_var") {
        if (spare) return nullptr;
        modules_.fail("tensor '" + tensor->name + "' is none of weight, bias, running_mean, running_var");
      }
    if (!tensors.contains("weight")) {
      if (spare) return nullptr;
      modules_.fail("'" + name + "' has " + tensors.begin()->second->name + ", but no weight");
    }
    const SafeTensor& weight = *tensors.at("weight");
    if (weight.shape.size() == 4) return &convs_;
    if (weight.shape.size() == 2) return &linears_;
    if (weight.shape.size() == 1) return &norms_;
    if (spare) return nullptr;
    modules_.fail("tensor '" + weight.name + "' of shape " + shape_text(weight.shape) +
                  " is of no convolution, linear layer or batch norm");
  }

  // With a new head there may be more.
  void check_count(const std::string& what, const std::vector<std::string>& found, size_t wanted) const {
    if (found.size() == wanted || (new_head_ && found.size() > wanted && found.size() - wanted <= kMostSpare)) return;
    const std::string last = found.empty() ? "" : ", '" + found.back() + "' the last";
    modules_.fail("the net has " + std::to_string(wanted) + " " + what + ", the file " + std::to_string(found.size()) + last);
  }

  // A module for each place, in order: of those that none left comes before for certain, the one whose weight has the shape. Several are
  // refused: which of them it is would be a guess. What is called a shortcut goes where one is, if the net has any.
  std::vector<std::string> match(const std::vector<std::string>& list, const std::vector<Place>& places) const {
    const size_t n = list.size();
    std::vector<size_t> waits(n);  // for how many that come before
    std::vector<std::vector<size_t>> behind(n);
    for (size_t i = 0; i < n; ++i)
      for (size_t j = 0; j < n; ++j)
        if (order_.before(list[i], list[j])) {
          behind[i].push_back(j);
          ++waits[j];
        }
    std::vector<bool> taken(n);
    std::vector<std::string> result;
    for (const Place& place : places) {
      std::vector<size_t> ready, fits;
      for (size_t i = 0; i < n; ++i)
        if (!taken[i] && waits[i] == 0) ready.push_back(i);
      const auto fit = [&](bool shortcut) {
        for (const size_t i : ready)
          if (modules_.weight(list[i]).shape == place.shape && (!has_branches_ || is_shortcut(list[i]) == shortcut))
            fits.push_back(i);
      };
      if (place.branch) fit(true);
      if (fits.empty()) fit(false);
      if (fits.size() > 1)
        modules_.fail("'" + list[fits[0]] + "' and '" + list[fits[1]] + "' could both be layer " + place.step->name +
                          ": they have one shape, and cannot be sorted by their names",
                      kOrderHint);
      if (fits.empty()) {
        if (ready.empty()) modules_.fail("no module is left that layer " + place.step->name + " could take", kOrderHint);
        const SafeTensor& t = modules_.weight(list[ready[0]]);
        modules_.fail("tensor '" + t.name + "' has the shape " + shape_text(t.shape) + ", layer " + place.step->name + " takes " +
                      shape_text(place.shape));
      }
      taken[fits[0]] = true;
      for (const size_t i : behind[fits[0]]) --waits[i];
      result.push_back(list[fits[0]]);
    }
    return result;
  }

  // The batch norm of each convolution: the one that stands alone with it in a module, or is called like it; else as the convolutions.
  std::vector<std::string> match_norms(const std::vector<std::string>& convs, const std::vector<Place>& conv_places) const {
    std::map<std::string, std::vector<std::string>> convs_of, norms_of;  // by the module that they are in
    const auto parent = [](const std::string& name) {
      return name.substr(0, name.rfind('.') == name.npos ? 0 : name.rfind('.'));
    };
    for (const std::string& name : convs_) convs_of[parent(name)].push_back(name);
    for (const std::string& name : norms_) norms_of[parent(name)].push_back(name);
    std::map<std::string, std::string> partner;
    for (const auto& [module, list] : convs_of) {
      const std::vector<std::string>& norms = norms_of[module];
      const auto called = [&](const std::vector<std::string>& names, const std::string& key) {
        return std::count_if(names.begin(), names.end(), [&](const auto& n) { return norm_key(n) == key; });
      };
      for (const std::string& conv : list)
        for (const std::string& norm : norms) {
          const std::string key = norm_key(norm);
          const bool alone = list.size() == 1 && norms.size() == 1;
          if (alone || (!key.empty() && norm_key(conv) == key && called(norms, key) == 1 && called(list, key) == 1))
            partner[conv] = norm;
        }
    }
    std::vector<Place> places;
    std::set<std::string> found;
    for (size_t i = 0; i < convs.size(); ++i) {
      if (const auto at = partner.find(convs[i]); at != partner.end())
        found.insert(at->second);
      else
        places.push_back({conv_places[i].step, {conv_places[i].step->conv.k}, conv_places[i].branch});
    }
    std::vector<std::string> rest;
    for (const std::string& name : norms_)
      if (!found.contains(name)) rest.push_back(name);
    const std::vector<std::string> others = match(rest, places);
    std::vector<std::string> result;
    size_t other = 0;
    for (const std::string& conv : convs) result.push_back(partner.contains(conv) ? partner.at(conv) : others[other++]);
    return result;
  }

  // What no step took: of the head that is replaced, or refused.
  void leave_out(const std::vector<std::string>& convs, const std::vector<std::string>& linears,
                 const std::vector<std::string>& norms) {
    std::set<std::string> taken(convs.begin(), convs.end());
    taken.insert(linears.begin(), linears.end());
    taken.insert(norms.begin(), norms.end());
    std::vector<std::string> spare;
    std::copy_if(linears_.begin(), linears_.end(), std::back_inserter(spare),
                 [&](const std::string& name) { return !taken.contains(name); });
    for (const auto* list : {&convs_, &linears_, &norms_})
      for (const std::string& name : *list) {
        if (taken.contains(name)) continue;
        // The one linear layer beyond those before the last is the last, whatever it is called.
        if (spare.size() == 1 && name == spare[0]) {
          left_out_.insert(name);
          continue;
        }
        const auto before = [&](const std::string& t) { return t.empty() || order_.before(t, name); };
        if (!in_head(name) && !std::all_of(taken.begin(), taken.end(), before))
          modules_.fail("tensor '" + modules_.weight(name).name + "' belongs to no layer of the net, and is not of its head");
        left_out_.insert(name);
      }
  }
  FloatLayer new_head() const {
    FloatLayer layer{.source = "new"};
    if (!left_out_.empty()) layer.source += ", instead of " + some_of(left_out_);
    return layer;
  }

  const SafetensorsModules modules_;
  const std::vector<NetStep>& steps_;
  const bool new_head_;
  const ModuleOrder order_;
  std::vector<std::string> convs_, linears_, norms_;
  std::set<std::string> left_out_;  // modules of the head that is replaced
  size_t trunk_ = 0;                // of a module's name: what all of them begin with
  bool has_branches_ = false;       // the net has convolutions in shortcuts
};

}  // namespace

std::vector<FloatLayer> read_safetensors_net(const std::string& path, const std::vector<NetStep>& steps,
                                             const SafetensorsOptions& options) {
  return Reader(path, steps, options).read();
}

}  // namespace intrain
