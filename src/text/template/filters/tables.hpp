#pragma once

#include <span>
#include <string_view>
#include <utility>

#include "text/template/builtins.hpp"

namespace realizar::text::jinja {

// The filters of jinja2 by what they are about, one file each; `find_filter` looks through all of them.

using NamedFilter = std::pair<std::string_view, Builtin>;

std::span<const NamedFilter> text_filters();
std::span<const NamedFilter> markup_filters();  ///< HTML and URLs
std::span<const NamedFilter> number_filters();
std::span<const NamedFilter> sequence_filters();
std::span<const NamedFilter> ordering_filters();  ///< those that compare the items of a sequence

}  // namespace realizar::text::jinja
