// The record of a run, damaged: it is refused, or goes on as a whole one.
#include <cstdlib>
#include <fstream>

#include "core/error.h"
#include "runs/audit_record.h"
#include "support/temp_folder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  using namespace intrain;
  static const test::TempFolder folder;
  const std::string path = folder.file("audit.jsonl");
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(bytes));
  try {
    AuditWriter writer;
    writer.open(path, {20, audited_settings({}), {}});
    writer.add({30, 1});
  } catch (const Error&) {
    return 0;
  }
  const AuditRecord record = read_audit_record(path);
  if (record.broken || record.starts.empty() || record.entries.back().step != 30) std::abort();
  return 0;
}
