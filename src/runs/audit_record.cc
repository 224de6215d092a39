#include "runs/audit_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string_view>

#include "checkpoint/signature.h"
#include "core/byte_text.h"
#include "core/hash.h"
#include "io/json_integer.h"
#include "io/json_read.h"
#include "io/json_text.h"
#include "io/read_file.h"
#include "runs/run_files.h"
#include "settings/setting_list.h"
#include "settings/train_command.h"

namespace intrain {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kChain = ", \"chain\": \"";
constexpr size_t kHexDigits = 16;
constexpr const char* kSpaceHint = "free some space, or choose another folder with `out`";
constexpr const char* kDamagedHint =
    "put the file back as the run wrote it; without it the run can go on, and a record begins where it does";

struct SplitHash {
  const char* key;
  const char* what;
  uint64_t DataFingerprint::*hash;
};
constexpr SplitHash kSplitHashes[] = {{"train_labels", "the labels of the training images", &DataFingerprint::train_labels},
                                      {"train_images", "the training images", &DataFingerprint::train_images},
                                      {"test_labels", "the labels of the test images", &DataFingerprint::test_labels},
                                      {"test_images", "the test images", &DataFingerprint::test_images}};

std::string chained(const std::string& before, std::string_view body) {
  const std::string covered = before + std::string(body);
  return signature_text(hash64(covered.data(), covered.size()));
}

uint64_t hash_from(const Json& json) {
  const std::string text = json.get<std::string>();
  uint64_t hash = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), hash, 16);
  if (error != std::errc() || end != text.data() + text.size() || signature_text(hash) != text)
    throw std::invalid_argument("'" + text.substr(0, 40) + "' is no hash");
  return hash;
}

std::string body_of(const AuditStart& start) {
  Json json = {{"step", start.step}};
  Json& settings = json["settings"] = Json::object();
  for (const Setting& setting : start.settings) settings[setting.name] = to_unicode(setting.value);
  for (const SplitHash& split : kSplitHashes) json["data"][split.key] = signature_text(start.data.*split.hash);
  std::string text = json.dump();
  text.pop_back();  // its brace
  return text;
}

AuditStart start_from_line(const Json& json) {
  AuditStart start{integer_of<int64_t>(json.at("step")), {}, {}};
  for (const auto& [name, value] : json.at("settings").items()) get_text(value, start.settings.emplace_back(name).value);
  for (const SplitHash& split : kSplitHashes) start.data.*split.hash = hash_from(json.at("data").at(split.key));
  return start;
}

struct AuditLine {
  int64_t step;
  std::optional<AuditStart> start;  // else
  uint64_t state = 0;
  std::string_view chain;
  std::string_view body;  // what it covers
};

// Throws for what is none.
AuditLine parse_line(std::string_view line) {
  const size_t end = line.rfind(kChain);
  if (end == std::string_view::npos || line.size() != end + kChain.size() + kHexDigits + 2 || !line.ends_with("\"}"))
    throw std::invalid_argument("it has no chain");
  const Json json = read_json(line);
  AuditLine result{
      integer_of<int64_t>(json.at("step")), {}, 0, line.substr(end + kChain.size(), kHexDigits), line.substr(0, end)};
  if (result.step < 0) throw std::invalid_argument("its step is below 0");
  if (json.contains("state"))
    result.state = hash_from(json.at("state"));
  else
    result.start = start_from_line(json);
  return result;
}

// The lines of the file up to those that tell of more than `step`, of which there are so many bytes. torn: a last line that cannot be read may
// follow them.
AuditRecord read_until(const std::string& path, int64_t step, bool torn, int64_t& bytes) {
  constexpr int64_t kMostBytes = int64_t{1} << 31;
  const std::vector<uint8_t> file = read_file(path, 0, kMostBytes, "it has more than 2 GiB", kDamagedHint);
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  AuditRecord record;
  int64_t before = 0;  // the step of the line before
  bytes = 0;
  for (int64_t number = 1; bytes < static_cast<int64_t>(text.size()); ++number) {
    const auto begin = static_cast<size_t>(bytes);
    const size_t end = std::min(text.find('\n', begin), text.size());
    const auto refuse = [&](const std::string& problem) {
      throw Error(fmt::format("line {} is none of an audit: {}", number, problem), path, kDamagedHint);
    };
    std::optional<AuditLine> line;
    try {
      if (end == text.size()) throw std::invalid_argument("it has no end");
      line = parse_line(text.substr(begin, end - begin));
    } catch (const std::exception& e) {  // of JSON, or std::invalid_argument
      if (torn && end + 1 >= text.size()) return record;
      refuse(e.what());
    }
    if (line->step > step) return record;
    if (line->chain != chained(record.chain, line->body) || line->step < before) {
      record.broken = {number, line->step};
      return record;
    }
    if (!line->start && record.starts.empty()) refuse("it stands before the settings");
    if (line->start)
      record.starts.push_back(std::move(*line->start));
    else
      record.entries.push_back({line->step, line->state});
    record.chain = line->chain;
    before = line->step;
    bytes = static_cast<int64_t>(end) + 1;
  }
  return record;
}

bool decides(size_t i) {
  const unsigned traits = i < setting_list().size() ? setting_list()[i].traits : 0;  // then those of the formats
  return (traits & kOfTheMachine) == 0 && ((traits & kOnResume) == 0 || (traits & kOfLength) != 0);
}
bool is_length(const std::string& name) {
  const auto row =
      std::find_if(setting_list().begin(), setting_list().end(), [&](const SettingInfo& info) { return info.key == name; });
  return row != setting_list().end() && (row->traits & kOfLength) != 0;
}

}  // namespace

std::vector<Setting> audited_settings(const TrainConfig& config) {
  std::vector<Setting> all = settings_of(config), chosen;
  for (size_t i = 0; i < all.size(); ++i)
    if (decides(i)) chosen.push_back(std::move(all[i]));
  return chosen;
}

std::vector<SettingChange> changes(const std::vector<Setting>& a, const std::vector<Setting>& b, bool but_length) {
  // What an older program did not record was as it is without being set.
  std::map<std::string, std::string> before, after;
  for (const Setting& setting : audited_settings({})) before[setting.name] = setting.value;
  after = before;
  for (const Setting& setting : a) before[setting.name] = setting.value;
  for (const Setting& setting : b) after[setting.name] = setting.value;
  std::vector<SettingChange> list;
  for (const auto& [name, value] : before)
    if (after[name] != value && !(but_length && is_length(name))) list.push_back({name, value, after[name]});
  for (const auto& [name, value] : after)
    if (!before.contains(name)) list.push_back({name, "", value});
  return list;
}

std::vector<std::string> changes(const DataFingerprint& a, const DataFingerprint& b) {
  std::vector<std::string> list;
  for (const SplitHash& split : kSplitHashes)
    if (a.*split.hash != b.*split.hash) list.emplace_back(split.what);
  return list;
}

AuditRecord read_audit_record(const std::string& path) {
  int64_t bytes = 0;
  return read_until(path, INT64_MAX, false, bytes);
}

void AuditWriter::open(const std::string& path, const AuditStart& start) {
  AuditRecord record;
  AppendFile::Mode mode = AppendFile::Mode::kExclusive;
  int64_t bytes = 0;
  if (is_there(path)) {
    record = read_until(path, start.step, true, bytes);
    if (record.broken)
      throw Error(fmt::format("line {} does not go on from those before it", record.broken->line), path, kDamagedHint);
    std::filesystem::resize_file(path, static_cast<uintmax_t>(bytes));
    mode = AppendFile::Mode::kContinue;
  }
  if (const int reason = file_.open(path, mode, bytes); reason != 0)
    throw Error(std::string("cannot write the file: ") + std::strerror(reason), path, kSpaceHint);
  chain_ = record.chain;
  last_ = record.entries.empty() ? -1 : record.entries.back().step;
  if (record.starts.empty() || record.starts.back().data != start.data ||
      !changes(record.starts.back().settings, start.settings, false).empty())
    append(body_of(start));
}

void AuditWriter::add(const AuditEntry& entry) {
  if (entry.step <= last_) return;
  last_ = entry.step;
  append(fmt::format(R"({{"step": {}, "state": "{}")", entry.step, signature_text(entry.state)));
}

void AuditWriter::append(const std::string& body) {
  chain_ = chained(chain_, body);
  file_.append(fmt::format("{}{}{}\"}}\n", body, kChain, chain_), kSpaceHint);
}

void AuditWriter::sync() {
  if (!chain_.empty()) file_.sync(kSpaceHint);
}

}  // namespace intrain
