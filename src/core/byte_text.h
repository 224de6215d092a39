// Names and paths are bytes, JSON and protobuf hold Unicode: how the one stands in the other without loss.
#pragma once

#include <string>
#include <string_view>

namespace intrain {

// `bytes` as well-formed UTF-8. What is UTF-8 stays as it is; each byte B that is part of no character becomes the character U+F700 + B, one of
// U+F780 to U+F7FF of the private use area. Characters of that range that stand in `bytes` are written byte by byte likewise, so that
// from_unicode(to_unicode(x)) == x for all x.
std::string to_unicode(std::string_view bytes);
// The reverse; what is not of to_unicode stays as it is.
std::string from_unicode(std::string_view text);

}  // namespace intrain
