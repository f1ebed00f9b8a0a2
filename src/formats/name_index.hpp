#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace realizar::formats {

/// Finds the elements of a vector by name. Sorted rather than hashed: names chosen to collide cannot slow it
/// down.
class NameIndex {
 public:
  NameIndex() = default;
  /// `name` gives the name of an element.
  template <class Element, class Name>
  NameIndex(const std::vector<Element>& elements, Name name) {
    entries_.reserve(elements.size());
    for (size_t i = 0; i < elements.size(); ++i) entries_.emplace_back(name(elements[i]), i);
    std::sort(entries_.begin(), entries_.end());
  }

  std::optional<size_t> find(std::string_view name) const {
    const auto found = std::lower_bound(entries_.begin(), entries_.end(), std::pair(name, size_t{0}));
    if (found == entries_.end() || found->first != name) return std::nullopt;
    return found->second;
  }

  /// Two elements of one name, the earlier first.
  std::optional<std::pair<size_t, size_t>> find_duplicate() const {
    const auto found = std::adjacent_find(entries_.begin(), entries_.end(),
                                          [](const auto& a, const auto& b) { return a.first == b.first; });
    if (found == entries_.end()) return std::nullopt;
    return std::pair(found->second, std::next(found)->second);
  }

 private:
  std::vector<std::pair<std::string_view, size_t>> entries_;
};

}  // namespace realizar::formats
