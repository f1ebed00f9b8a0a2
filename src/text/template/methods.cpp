#include "text/template/methods.hpp"

#include <algorithm>
#include <cmath>

#include "text/template/arguments.hpp"
#include "text/template/method_table.hpp"

namespace realizar::text::jinja {
namespace {

Value sequence_count(const Value& self, const Arguments& arguments) {
  BoundArguments bound("count", arguments, {"/value"});
  Value wanted = bound.get(0);
  return static_cast<std::int64_t>(std::count_if(self.items().begin(), self.items().end(),
                                                 [&](const Value& item) { return equals(item, wanted); }));
}

Value sequence_index(const Value& self, const Arguments& arguments) {
  BoundArguments bound("index", arguments, {"/value", "/start=", "/stop="});
  auto size = static_cast<std::int64_t>(self.items().size());
  auto clamp = [&](std::int64_t at) {
    return std::clamp<std::int64_t>(at < 0 ? std::max(at, -size) + size : at, 0, size);
  };
  for (std::int64_t i = clamp(bound.integer(1, 0)); i < clamp(bound.integer(2, size)); ++i) {
    if (equals(self.items()[static_cast<std::size_t>(i)], bound.get(0))) return i;
  }
  raise(repr(bound.get(0)), " is not in the sequence");
}

Value copy(const Value& self, const Arguments& arguments) {
  BoundArguments bound("copy", arguments, {});
  return self;
}

const Methods tuple_methods = {{"count", sequence_count}, {"index", sequence_index}};
const Methods list_methods = {{"count", sequence_count}, {"index", sequence_index}, {"copy", copy},
                              {"append", nullptr},       {"clear", nullptr},        {"extend", nullptr},
                              {"insert", nullptr},       {"pop", nullptr},          {"remove", nullptr},
                              {"reverse", nullptr},      {"sort", nullptr}};

template <DictView::Kind kind>
Value view(const Value& self, const Arguments& arguments) {
  BoundArguments bound("dict", arguments, {});
  return Value(std::shared_ptr<Object>(std::make_shared<DictView>(self, kind)));
}

Value get(const Value& self, const Arguments& arguments) {
  BoundArguments bound("get", arguments, {"/key", "/default="});
  if (!is_hashable(bound.get(0))) raise("unhashable type: '", bound.get(0).type_name(), "'");
  const Value* found = self.dict().find(bound.get(0));
  return found == nullptr ? bound.get(1) : *found;
}

const Methods dict_methods = {{"copy", copy},
                              {"get", get},
                              {"items", view<DictView::items>},
                              {"keys", view<DictView::keys>},
                              {"values", view<DictView::values>},
                              {"clear", nullptr},
                              {"pop", nullptr},
                              {"popitem", nullptr},
                              {"setdefault", nullptr},
                              {"update", nullptr},
                              {"fromkeys", unsupported_method}};

Value bit_length(const Value& self, const Arguments&) {
  std::uint64_t magnitude = static_cast<std::uint64_t>(self.integer());
  if (self.integer() < 0) magnitude = ~magnitude + 1;
  std::int64_t bits = 0;
  for (; magnitude > 0; magnitude >>= 1) ++bits;
  return bits;
}

const Methods integer_methods = {{"bit_length", bit_length}};
const Methods float_methods = {{"is_integer", [](const Value& self, const Arguments&) {
                                  return Value(std::isfinite(self.number()) &&
                                               std::floor(self.number()) == self.number());
                                }}};

const Methods* methods_of(const Value& value) {
  if (value.is_string()) return &text_methods;
  if (value.is_dict()) return &dict_methods;
  if (value.is_list()) return &list_methods;
  if (value.is_tuple()) return &tuple_methods;
  if (value.is_integer()) return &integer_methods;
  return value.is_float() ? &float_methods : nullptr;
}

}  // namespace

std::optional<Value> find_method(const Value& value, const std::string& name) {
  if (value.is_number() && (name == "real" || name == "numerator")) return value;
  if (value.is_number() && name == "imag") return value.is_float() ? Value(0.0) : Value(0);
  const Methods* methods = methods_of(value);
  if (methods == nullptr) return std::nullopt;
  auto found = methods->find(name);
  if (found == methods->end()) return std::nullopt;
  if (found->second == nullptr) {
    return Value::undefined("access to attribute '" + name + "' of '" + value.type_name() +
                            "' object is unsafe");
  }
  return make_function(
      name,
      [value, method = found->second](Interpreter&, Arguments& arguments) {
        return method(value, arguments);
      },
      value.depth());
}

}  // namespace realizar::text::jinja
