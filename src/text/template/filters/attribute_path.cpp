#include "text/template/filters/attribute_path.hpp"

#include <string>
#include <string_view>

#include "text/template/numbers.hpp"
#include "text/template/operators.hpp"

namespace realizar::text::jinja {

AttributePath::AttributePath(const Value& attribute, std::optional<Value> otherwise)
    : otherwise_(std::move(otherwise)) {
  if (attribute.is_none()) return;
  if (!attribute.is_string()) {
    parts_.push_back(attribute);
    return;
  }
  std::string_view text = attribute.text();
  while (true) {
    std::size_t dot = text.find('.');
    std::string part(text.substr(0, dot));
    bool digits = !part.empty() && part.find_first_not_of("0123456789") == std::string::npos;
    auto index = digits ? parse_integer(part, 10) : std::nullopt;
    parts_.push_back(index ? Value(*index) : Value(part));
    if (dot == std::string_view::npos) return;
    text.remove_prefix(dot + 1);
  }
}

Value AttributePath::operator()(Value item) const {
  for (const Value& part : parts_) {
    item = get_item(item, part);
    if (item.is_undefined() && otherwise_) item = *otherwise_;
  }
  return item;
}

}  // namespace realizar::text::jinja
