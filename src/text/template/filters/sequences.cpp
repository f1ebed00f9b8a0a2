#include <algorithm>

#include "text/template/arguments.hpp"
#include "text/template/filters/attribute_path.hpp"
#include "text/template/filters/tables.hpp"
#include "text/template/interpreter.hpp"

namespace realizar::text::jinja {
namespace {

Value batch(Interpreter&, Arguments& a) {
  BoundArguments bound("batch", a, {"value", "linecount", "fill_with="});
  auto items = std::shared_ptr<Iterator>(iterate(bound.get(0)));
  std::int64_t count = bound.integer(1, 0);
  Value fill = bound.get(2);
  auto ended = std::make_shared<bool>(false);
  auto waiting = std::make_shared<std::optional<Value>>();
  return make_generator(
      [=]() -> std::optional<Value> {
        if (*ended) return std::nullopt;
        std::vector<Value> row;
        if (*waiting) row.push_back(*std::exchange(*waiting, std::nullopt));
        while (auto item = items->next()) {
          if (static_cast<std::int64_t>(row.size()) == count) {
            *waiting = item;
            return Value::list(std::move(row));
          }
          row.push_back(*item);
        }
        *ended = true;
        if (row.empty()) return std::nullopt;
        std::int64_t missing = count - static_cast<std::int64_t>(row.size());
        if (!fill.is_none() && missing > 0) {
          require_room(static_cast<std::size_t>(std::min<std::int64_t>(missing, std::int64_t{1} << 40)) *
                       sizeof(Value));
          row.insert(row.end(), static_cast<std::size_t>(missing), fill);
        }
        return Value::list(std::move(row));
      },
      bound.get(0).depth());
}

Value first(Interpreter&, Arguments& a) {
  auto item = iterate(BoundArguments("first", a, {"seq"}).get(0))->next();
  return item ? *item : Value::undefined("no first item, sequence was empty");
}

void require_reversible(const Value& value) {
  bool plain = value.is_string() || value.is_sequence() || value.is_dict() || value.as<Range>() ||
               value.as<DictView>();
  if (!plain) raise("'", value.type_name(), "' object is not reversible");
}

Value last(Interpreter&, Arguments& a) {
  Value sequence = BoundArguments("last", a, {"seq"}).get(0);
  require_reversible(sequence);
  if (sequence.is_string() || sequence.is_sequence()) {
    Value item = get_item(sequence, Value(-1));
    return item;
  }
  std::vector<Value> items = to_vector(sequence);
  return items.empty() ? Value::undefined("no last item, sequence was empty") : items.back();
}

Value items(Interpreter&, Arguments& a) {
  Value value = BoundArguments("items", a, {"value"}).get(0);
  std::vector<Value> pairs;
  if (value.is_dict()) pairs = DictView(value, DictView::items).contents();
  auto iterator = std::shared_ptr<Iterator>(iterate_items(std::move(pairs)));
  bool valid = value.is_dict() || value.is_undefined();
  return make_generator(
      [iterator, valid] {
        if (!valid) raise("can only get item pairs from a mapping");
        return iterator->next();
      },
      value.depth());
}

Value join(Interpreter&, Arguments& a) {
  BoundArguments bound("join", a, {"value", "d=", "attribute="});
  AttributePath path(bound.get(2));
  std::string separator = to_text(bound.get(1, Value(""))), out;
  auto iterator = iterate(bound.get(0));
  bool is_first = true;
  while (auto item = iterator->next()) {
    spend(1);
    if (!std::exchange(is_first, false)) out += separator;
    out += to_text(path(*item));
    require_room(out.size());
  }
  return out;
}

Value length(Interpreter&, Arguments& a) {
  Value value = BoundArguments("length", a, {"/obj"}).get(0);
  auto size = length_of(value);
  if (!size) raise("object of type '", value.type_name(), "' has no len()");
  return *size;
}

Value list(Interpreter&, Arguments& a) {
  return Value::list(to_vector(BoundArguments("list", a, {"value"}).get(0)));
}

Value map(Interpreter& interpreter, Arguments& a) {
  if (a.positional.empty()) raise("map needs a value");
  Value source = a.positional[0];
  unsigned depth = source.depth();
  auto arguments = std::make_shared<Arguments>(a);
  arguments->positional.erase(arguments->positional.begin());
  for (const Value& v : arguments->positional) depth = std::max(depth, v.depth());
  std::shared_ptr<Iterator> iterator;
  std::function<Value(const Value&)> function;
  return make_generator(
      [=, &interpreter]() mutable -> std::optional<Value> {
        if (!function) {
          if (!truth(source)) return std::nullopt;
          if (arguments->positional.empty() &&
              std::any_of(arguments->keyword.begin(), arguments->keyword.end(),
                          [](const auto& k) { return k.first == "attribute"; })) {
            BoundArguments bound("map", *arguments, {"attribute", "default="});
            function =
                AttributePath(bound.get(0), bound.is_none(1) ? std::nullopt : std::optional(bound.get(1)));
          } else {
            if (arguments->positional.empty()) raise("map requires a filter argument");
            function = [arguments, &interpreter](const Value& item) {
              Arguments call = *arguments;
              Value name = call.positional[0];
              call.positional[0] = item;
              return interpreter.apply_filter(name, std::move(call));
            };
          }
          iterator = iterate(source);
        }
        spend(1);
        auto item = iterator->next();
        return item ? std::optional(function(*item)) : std::nullopt;
      },
      depth);
}

Value reverse(Interpreter&, Arguments& a) {
  Value value = BoundArguments("reverse", a, {"value"}).get(0);
  if (value.is_string()) return slice(value, Value::none(), Value::none(), Value(-1));
  std::vector<Value> items = to_vector(value);
  std::reverse(items.begin(), items.end());
  if (value.as<Generator>()) return Value::list(std::move(items));
  auto iterator = std::shared_ptr<Iterator>(iterate_items(std::move(items)));
  return make_generator([iterator] { return iterator->next(); }, value.depth());
}

template <bool wanted, bool by_attribute>
Value select(Interpreter& interpreter, Arguments& a) {
  if (a.positional.empty()) raise("select needs a value");
  Value source = a.positional[0];
  auto arguments = std::make_shared<Arguments>(a);
  arguments->positional.erase(arguments->positional.begin());
  std::shared_ptr<Iterator> iterator;
  std::shared_ptr<AttributePath> path;
  return make_generator(
      [=, &interpreter]() mutable -> std::optional<Value> {
        if (!iterator) {
          if (!truth(source)) return std::nullopt;
          if (by_attribute && arguments->positional.empty()) raise("missing parameter for attribute name");
          path = std::make_shared<AttributePath>(by_attribute ? arguments->positional[0] : Value::none());
          if (by_attribute) arguments->positional.erase(arguments->positional.begin());
          iterator = iterate(source);
        }
        while (auto item = iterator->next()) {
          spend(1);
          Value tested = (*path)(*item);
          if (!arguments->positional.empty()) {
            Arguments call = *arguments;
            Value name = call.positional[0];
            call.positional[0] = tested;
            tested = interpreter.apply_test(name, std::move(call));
          }
          if (truth(tested) == wanted) return item;
        }
        return std::nullopt;
      },
      source.depth());
}

Value slice_filter(Interpreter&, Arguments& a) {
  BoundArguments bound("slice", a, {"value", "slices", "fill_with="});
  std::vector<Value> all = to_vector(bound.get(0)), rows;
  auto size = static_cast<std::int64_t>(all.size()), slices = bound.integer(1, 0);
  if (slices == 0) raise("integer division or modulo by zero");
  if (slices > max_range) exceed("slice into more than ", max_range, " parts");
  for (std::int64_t row = 0, at = 0; row < slices; ++row) {
    std::int64_t count = size / slices + (row < size % slices);
    std::vector<Value> part(all.begin() + at, all.begin() + at + count);
    if (!bound.is_none(2) && row >= size % slices) part.push_back(bound.get(2));
    rows.push_back(Value::list(std::move(part)));
    at += count;
  }
  auto iterator = std::shared_ptr<Iterator>(iterate_items(std::move(rows)));
  return make_generator([iterator] { return iterator->next(); }, bound.get(0).depth() + 1);
}

Value sum(Interpreter&, Arguments& a) {
  BoundArguments bound("sum", a, {"iterable", "attribute=", "start="});
  AttributePath path(bound.get(1));
  Value total = bound.get(2, Value(0));
  if (total.is_string()) raise("sum() can't sum strings");
  auto iterator = iterate(bound.get(0));
  while (auto item = iterator->next()) total = apply(BinaryOperator::add, total, path(*item));
  return total;
}

}  // namespace

std::span<const NamedFilter> sequence_filters() {
  static const NamedFilter filters[] = {{"batch", batch},
                                        {"count", length},
                                        {"first", first},
                                        {"items", items},
                                        {"join", join},
                                        {"last", last},
                                        {"length", length},
                                        {"list", list},
                                        {"map", map},
                                        {"reject", select<false, false>},
                                        {"rejectattr", select<false, true>},
                                        {"reverse", reverse},
                                        {"select", select<true, false>},
                                        {"selectattr", select<true, true>},
                                        {"slice", slice_filter},
                                        {"sum", sum}};
  return filters;
}

}  // namespace realizar::text::jinja
