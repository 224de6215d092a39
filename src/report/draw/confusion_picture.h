// The confusion matrix as a picture.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace intrain {

// The matrix as a picture: a row for each true class, a column for each predicted one, a square as dark as its share of the row, with
// counts, names, precision and recall where there is room for them. names [classes], UTF-8. Written atomically. Throws Error if it
// cannot be.
void draw_confusion(const std::string& title, const std::vector<std::string>& names, const std::vector<int64_t>& matrix,
                    const std::string& path);

}  // namespace intrain
