// Text and pictures in a page of HTML.
#pragma once

#include <string>
#include <string_view>

namespace intrain {

// What stands for `text`, from wherever it comes, between tags and in quoted attributes: & < > " ' as entities, control characters and what is
// no UTF-8 as printable() has them (core/text.h), but for line breaks and tabs.
std::string escape_html(std::string_view text);

// RFC 4648, with padding.
std::string base64(std::string_view bytes);

// A PNG for src of <img>.
std::string png_data_uri(std::string_view png);

}  // namespace intrain
