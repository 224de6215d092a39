// What lies among the photos and is not read, and why: nothing is passed over without a word.
#pragma once

#include <string>
#include <vector>

namespace intrain {

enum class LeftOutKind { kUnreadable, kOtherKind, kDeadLink, kFolder, kRepeated, kNoClass, kSpecial };

struct LeftOut {
  std::string path, why;
  LeftOutKind kind = LeftOutKind::kUnreadable;
};

// How many there are of each kind, in words: "4 files of other kinds (.txt 3, .mp4 1), 5 links that lead nowhere"; empty if there are none.
std::string left_out_text(const std::vector<LeftOut>& list);

// How often each ending occurs among the paths, in small letters, the most frequent first: ".txt 3, .mp4 1", and from the sixth on
// ", others 2".
std::string endings_text(const std::vector<std::string>& paths);

}  // namespace intrain
