#include "text/template/json.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "text/template/numbers.hpp"
#include "text/template/objects.hpp"
#include "text/template/operators.hpp"
#include "text/unicode.hpp"

namespace realizar::text::jinja {
namespace {

/// Builds values while nlohmann's parser reads; nothing is nested deeper than values may be.
class ValueBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  Value result;

  bool null() override { return add(Value::none()); }
  bool boolean(bool value) override { return add(Value(value)); }
  bool number_integer(number_integer_t value) override { return add(Value(std::int64_t{value})); }
  bool number_unsigned(number_unsigned_t value) override { return add(make_integer(std::to_string(value))); }
  bool number_float(number_float_t value, const string_t& text) override {
    if (text.find_first_of(".eE") != string_t::npos) return add(Value(value));
    require(text.size() <= max_integer_digits, ErrorKind::invalid_argument, "an integer of the JSON has ",
            text.size(), " digits, more than ", max_integer_digits);
    return add(make_integer(text));
  }
  bool string(string_t& value) override { return add(Value(std::move(value))); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(true); }
  bool start_array(std::size_t) override { return open(false); }
  bool key(string_t& value) override { return levels_.back().keys.push_back(std::move(value)), true; }
  bool end_array() override { return close(); }
  bool end_object() override { return close(); }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    fail(ErrorKind::invalid_argument, "the JSON cannot be read at byte ", position, ": ", error.what());
  }

 private:
  struct Level {
    bool is_object;
    std::vector<std::string> keys;
    std::vector<Value> values;
  };

  bool open(bool is_object) {
    if (levels_.size() >= max_value_depth / 2)
      fail(ErrorKind::limit_exceeded, "the JSON nests deeper than ", max_value_depth / 2);
    levels_.push_back({is_object, {}, {}});
    return true;
  }
  bool close() {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    if (!level.is_object) return add(Value::list(std::move(level.values)));
    std::vector<Dict::Entry> entries;
    for (std::size_t i = 0; i < level.keys.size(); ++i)
      entries.emplace_back(Value(std::move(level.keys[i])), std::move(level.values[i]));
    return add(make_dict(std::move(entries)));
  }
  bool add(Value value) {
    (levels_.empty() ? result : levels_.back().values.emplace_back()) = std::move(value);
    return true;
  }

  std::vector<Level> levels_;
};

void append_string(std::string& out, const std::string& text, bool ascii_only) {
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    std::size_t start = i;
    char32_t c = next_code_point(text, i);
    static constexpr std::string_view special = "\"\\\n\r\t\b\f", letters = "\"\\nrtbf";
    std::size_t at = c < 0x80 ? special.find(static_cast<char>(c)) : std::string_view::npos;
    auto unit = [&](char32_t code) {
      char buffer[16];
      std::snprintf(buffer, sizeof buffer, "\\u%04x", static_cast<unsigned>(code));
      out += buffer;
    };
    if (at != std::string_view::npos) {
      out += '\\', out += letters[at];
    } else if (c < 0x20) {
      unit(c);
    } else if (!ascii_only || c < 0x80) {
      out.append(text, start, i - start);
    } else if (c < 0x10000) {
      unit(c);
    } else {
      unit(0xd800 + ((c - 0x10000) >> 10)), unit(0xdc00 + ((c - 0x10000) & 0x3ff));
    }
  }
  out += '"';
}

std::string key_text(const Value& key) {
  if (key.is_string()) return key.text();
  if (key.is_none()) return "null";
  if (key.is_bool()) return key.integer() ? "true" : "false";
  if (key.is_number() || key.as<BigInteger>()) return repr(key);
  raise("keys must be str, int, float, bool or None, not ", key.type_name());
}

std::string float_text(double number) {
  if (std::isnan(number)) return "NaN";
  return std::isinf(number) ? (number < 0 ? "-Infinity" : "Infinity") : format_float(number);
}

void append_json(std::string& out, const Value& value, const JsonStyle& style, const std::string& newline) {
  spend(1);
  require_room(out.size());
  std::string inner = style.multiline ? newline + style.indent : newline;
  auto items = [&](char open, char close, std::size_t count, auto&& append_item) {
    out += open;
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) out += style.item_separator;
      if (style.multiline) out += inner;
      append_item(i);
    }
    if (style.multiline && count > 0) out += newline;
    out += close;
  };
  if (value.is_none()) {
    out += "null";
  } else if (value.is_bool()) {
    out += value.integer() ? "true" : "false";
  } else if (value.is_integer()) {
    out += std::to_string(value.integer());
  } else if (value.as<BigInteger>()) {
    out += value.object().repr();
  } else if (value.is_float()) {
    out += float_text(value.number());
  } else if (value.is_string()) {
    append_string(out, value.text(), style.ascii_only);
  } else if (value.is_sequence()) {
    items('[', ']', value.items().size(),
          [&](std::size_t i) { append_json(out, value.items()[i], style, inner); });
  } else if (value.is_dict()) {
    std::vector<Dict::Entry> entries = value.dict().entries();
    if (style.sort_keys) {
      std::stable_sort(entries.begin(), entries.end(),
                       [](const auto& a, const auto& b) { return less(a.first, b.first); });
    }
    items('{', '}', entries.size(), [&](std::size_t i) {
      append_string(out, key_text(entries[i].first), style.ascii_only);
      out += style.key_separator;
      append_json(out, entries[i].second, style, inner);
    });
  } else {
    raise("object of type ", value.type_name(), " is not JSON serializable");
  }
}

}  // namespace

Value value_from_json(std::string_view json) {
  ValueBuilder builder;
  nlohmann::json::sax_parse(json, &builder);
  return builder.result;
}

std::string to_json(const Value& value, const JsonStyle& style) {
  std::string out;
  append_json(out, value, style, "\n");
  return out;
}

}  // namespace realizar::text::jinja
