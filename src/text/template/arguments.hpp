#pragma once

#include <initializer_list>
#include <string_view>
#include <vector>

#include "text/template/operators.hpp"

namespace realizar::text::jinja {

/// Arguments of a call bound to the parameters of a built-in function, as Python binds them. A parameter is
/// written "name", "name=" when it may be left out, "/name" or "/name=" when it cannot be given by keyword.
class BoundArguments {
 public:
  BoundArguments(std::string_view function, const Arguments& arguments,
                 std::initializer_list<std::string_view> parameters);

  bool has(std::size_t i) const { return values_[i].has_value(); }
  /// The argument, or `otherwise` when it was left out.
  Value get(std::size_t i, Value otherwise = Value::none()) const {
    return values_[i].value_or(std::move(otherwise));
  }
  bool is_none(std::size_t i) const { return !has(i) || values_[i]->is_none(); }
  std::int64_t integer(std::size_t i, std::int64_t otherwise) const;
  bool boolean(std::size_t i, bool otherwise = false) const {
    return has(i) ? truth(*values_[i]) : otherwise;
  }
  /// A string argument; fails when it is something else.
  const std::string& text(std::size_t i) const;

 private:
  std::string_view function_;
  std::vector<std::optional<Value>> values_;
};

}  // namespace realizar::text::jinja
