#include "text/template/arguments.hpp"

#include <algorithm>

namespace realizar::text::jinja {
namespace {

struct Accepted {
  std::string_view name;
  bool by_keyword, required;
};

Accepted accepted(std::string_view text) {
  bool by_keyword = !text.starts_with('/'), required = !text.ends_with('=');
  return {text.substr(!by_keyword, text.size() - !by_keyword - !required), by_keyword, required};
}

}  // namespace

BoundArguments::BoundArguments(std::string_view function, const Arguments& arguments,
                               std::initializer_list<std::string_view> parameters)
    : function_(function), values_(parameters.size()) {
  if (arguments.positional.size() > parameters.size())
    raise(function, "() takes at most ", parameters.size(), " arguments");
  std::copy(arguments.positional.begin(), arguments.positional.end(), values_.begin());
  for (const auto& [name, value] : arguments.keyword) {
    std::size_t i = 0;
    for (std::string_view text : parameters) {
      Accepted parameter = accepted(text);
      if (parameter.by_keyword && parameter.name == name) break;
      ++i;
    }
    if (i == values_.size()) raise(function, "() got an unexpected keyword argument '", name, "'");
    if (values_[i]) raise(function, "() got multiple values for argument '", name, "'");
    values_[i] = value;
  }
  std::size_t i = 0;
  for (std::string_view text : parameters) {
    Accepted parameter = accepted(text);
    if (!values_[i++] && parameter.required)
      raise(function, "() missing required argument '", parameter.name, "'");
  }
}

std::int64_t BoundArguments::integer(std::size_t i, std::int64_t otherwise) const {
  if (!has(i)) return otherwise;
  require_defined(*values_[i]);
  if (!values_[i]->is_integer())
    raise(function_, "(): an integer is required, not ", values_[i]->type_name());
  return values_[i]->integer();
}

const std::string& BoundArguments::text(std::size_t i) const {
  if (!has(i) || !values_[i]->is_string())
    raise(function_, "(): a string is required, not ", get(i).type_name());
  return values_[i]->text();
}

}  // namespace realizar::text::jinja
