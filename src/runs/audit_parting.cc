// Where two runs part.
#include <algorithm>
#include <map>

#include "runs/audit.h"

namespace intrain {

AuditParting parting(const AuditRecord& a, const AuditRecord& b) {
  std::map<int64_t, uint64_t> others;
  for (const AuditEntry& entry : b.entries) others[entry.step] = entry.state;
  AuditParting result;
  for (const AuditEntry& entry : a.entries) {
    const auto other = others.find(entry.step);
    if (other == others.end()) continue;
    if (other->second != entry.state) {
      result.different = entry.step;
      break;
    }
    result.same = entry.step;
  }
  return result;
}

std::optional<ArrayDifference> first_difference(const std::vector<ArrayHashes>& a, const std::vector<ArrayHashes>& b) {
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const size_t arrays = std::max(a[i].names.size(), b[i].names.size());
    for (size_t j = 0; j < arrays; ++j) {
      if (j >= a[i].names.size()) return ArrayDifference{a[i].step, b[i].names[j]};
      if (j >= b[i].names.size() || a[i].names[j] != b[i].names[j] || a[i].hashes[j] != b[i].hashes[j])
        return ArrayDifference{a[i].step, a[i].names[j]};
    }
  }
  return {};
}

}  // namespace intrain
