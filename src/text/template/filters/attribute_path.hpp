#pragma once

#include <optional>
#include <vector>

#include "text/template/value.hpp"

namespace realizar::text::jinja {

/// What `attribute=` arguments name: the members to follow one after another.
class AttributePath {
 public:
  explicit AttributePath(const Value& attribute, std::optional<Value> otherwise = std::nullopt);

  Value operator()(Value item) const;

 private:
  std::vector<Value> parts_;
  std::optional<Value> otherwise_;
};

}  // namespace realizar::text::jinja
