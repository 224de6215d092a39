#include "io/json_read.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace intrain {

namespace {

using Json = nlohmann::ordered_json;

// Builds the value from the parser's events. An object is made once all its members are there: ordered_json, filled member by member,
// searches those before for each, and copies all of them whenever it grows.
class Builder final : public nlohmann::json_sax<Json> {
 public:
  Json take() { return std::move(root_); }
  const std::string& problem() const { return problem_; }

  bool null() override { return add(nullptr); }
  bool boolean(bool v) override { return add(v); }
  bool number_integer(int64_t v) override { return add(v); }
  bool number_unsigned(uint64_t v) override { return add(v); }
  bool number_float(double v, const std::string&) override { return add(v); }
  bool string(std::string& v) override { return add(std::move(v)); }
  bool binary(Json::binary_t&) override { return fail("binary data"); }
  bool key(std::string& name) override {
    open_.back().names.push_back(std::move(name));
    return true;
  }
  bool start_object(std::size_t) override { return open(); }
  bool start_array(std::size_t) override { return open(); }
  bool end_array() override { return add(Json(std::move(close().values))); }
  bool end_object() override {
    Open object = close();
    if (const std::string* twice = named_twice(object.names); twice != nullptr)
      return fail("it holds '" + twice->substr(0, kMostShown) + "' twice");
    Json json = Json::object();
    auto& members = json.get_ref<Json::object_t&>();
    members.reserve(object.names.size());
    for (size_t i = 0; i < object.names.size(); ++i)
      members.emplace_back(std::move(object.names[i]), std::move(object.values[i]));
    return add(std::move(json));
  }
  // In nlohmann's words, behind the name of the exception: where, and what was read last, which may be all of the text.
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& e) override {
    std::string what = e.what();
    if (const size_t name = what.find("] "); name != std::string::npos) what.erase(0, name + 2);
    if (what.size() > 2 * kMostShown) what = what.substr(0, 2 * kMostShown) + "...";
    return fail(what);
  }

 private:
  static constexpr size_t kMostShown = 80;  // bytes of foreign text in an error
  // An object or array that is not at its end.
  struct Open {
    std::vector<std::string> names;  // of an object
    Json::array_t values;
  };

  bool open() {
    if (open_.size() == size_t{kMaxJsonDepth})
      return fail("it is nested deeper than " + std::to_string(kMaxJsonDepth) + " levels");
    open_.emplace_back();
    return true;
  }
  Open close() {
    Open last = std::move(open_.back());
    open_.pop_back();
    return last;
  }
  bool add(Json value) {
    if (++count_ > kMaxJsonValues) return fail("it holds more than " + std::to_string(kMaxJsonValues) + " values");
    if (open_.empty())
      root_ = std::move(value);
    else
      open_.back().values.push_back(std::move(value));
    return true;
  }
  bool fail(const std::string& what) {
    if (problem_.empty()) problem_ = what;
    return false;
  }
  static const std::string* named_twice(const std::vector<std::string>& names) {
    std::vector<const std::string*> sorted;
    for (const std::string& name : names) sorted.push_back(&name);
    std::sort(sorted.begin(), sorted.end(), [](auto* a, auto* b) { return *a < *b; });
    const auto twice = std::adjacent_find(sorted.begin(), sorted.end(), [](auto* a, auto* b) { return *a == *b; });
    return twice == sorted.end() ? nullptr : *twice;
  }

  std::vector<Open> open_;
  Json root_;
  int64_t count_ = 0;
  std::string problem_;
};

}  // namespace

Json read_json(std::string_view text) {
  Builder builder;
  if (!Json::sax_parse(text.begin(), text.end(), &builder)) throw std::invalid_argument(builder.problem());
  return builder.take();
}

}  // namespace intrain
