#include <map>

#include "text/template/arguments.hpp"
#include "text/template/filters/tables.hpp"

namespace realizar::text::jinja {
namespace {

Value attr(Interpreter&, Arguments& a) {
  BoundArguments bound("attr", a, {"obj", "name"});
  require_defined(bound.get(0));
  auto own = own_attribute(bound.get(0), bound.text(1));
  return own ? *own : Value::undefined("no attribute '" + bound.text(1) + "'");
}

Value default_filter(Interpreter&, Arguments& a) {
  BoundArguments bound("default", a, {"value", "default_value=", "boolean="});
  Value value = bound.get(0);
  return value.is_undefined() || (bound.boolean(2) && !truth(value)) ? bound.get(1, Value("")) : value;
}

Value unsupported(Interpreter&, Arguments&) { raise("this filter is not supported in chat templates"); }

constexpr NamedFilter filters_of_any_value[] = {
    {"attr", attr},          {"d", default_filter},   {"default", default_filter},
    {"random", unsupported}, {"urlize", unsupported}, {"wordwrap", unsupported}};

std::map<std::string_view, Builtin> all_filters() {
  std::map<std::string_view, Builtin> all;
  for (const auto& table : {std::span<const NamedFilter>(filters_of_any_value), text_filters(),
                            markup_filters(), number_filters(), sequence_filters(), ordering_filters()})
    all.insert(table.begin(), table.end());
  return all;
}

}  // namespace

Builtin find_filter(std::string_view name) {
  static const std::map<std::string_view, Builtin> filters = all_filters();
  auto found = filters.find(name);
  return found == filters.end() ? nullptr : found->second;
}

}  // namespace realizar::text::jinja
