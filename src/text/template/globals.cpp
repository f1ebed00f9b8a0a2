#include "text/template/arguments.hpp"
#include "text/template/builtins.hpp"
#include "text/template/interpreter.hpp"

namespace realizar::text::jinja {
namespace {

/// dict(mapping or pairs, key=value...)
std::vector<Dict::Entry> dict_entries(const char* function, const Arguments& arguments) {
  if (arguments.positional.size() > 1)
    raise(function, " expected at most 1 argument, got ", arguments.positional.size());
  std::vector<Dict::Entry> entries;
  if (!arguments.positional.empty() && arguments.positional[0].is_dict()) {
    entries = arguments.positional[0].dict().entries();
  } else if (!arguments.positional.empty()) {
    for (const Value& pair : to_vector(arguments.positional[0])) {
      std::vector<Value> both = to_vector(pair);
      if (both.size() != 2)
        raise("dictionary update sequence element has length ", both.size(), "; 2 is required");
      entries.emplace_back(both[0], both[1]);
    }
  }
  for (const auto& [name, value] : arguments.keyword) entries.emplace_back(Value(name), value);
  return entries;
}

Value dict(Interpreter&, Arguments& arguments) { return make_dict(dict_entries("dict", arguments)); }

Value make_namespace(Interpreter& interpreter, Arguments& arguments) {
  auto space = std::make_shared<Namespace>();
  Value entries = dict(interpreter, arguments);
  for (const auto& [name, value] : entries.dict().entries()) {
    if (name.is_string()) space->set(name.text(), value);
  }
  interpreter.retain(space);
  return Value(std::shared_ptr<Object>(std::move(space)));
}

Value range(Interpreter&, Arguments& arguments) {
  BoundArguments bound("range", arguments, {"/start", "/stop=", "/step="});
  if (!bound.has(1)) return make_range(0, bound.integer(0, 0), 1);
  return make_range(bound.integer(0, 0), bound.integer(1, 0), bound.integer(2, 1));
}

Value raise_exception(Interpreter&, Arguments& arguments) {
  raise(to_text(BoundArguments("raise_exception", arguments, {"message"}).get(0)));
}

Value strftime_now(Interpreter& interpreter, Arguments& arguments) {
  return format_time(BoundArguments("strftime_now", arguments, {"format"}).text(0), interpreter.now());
}

Value cycler(Interpreter&, Arguments& arguments) {
  if (arguments.positional.empty() || !arguments.keyword.empty())
    raise("cycler: at least one item has to be provided");
  return Value(std::shared_ptr<Object>(std::make_shared<Cycler>(std::move(arguments.positional))));
}

Value joiner(Interpreter&, Arguments& arguments) {
  BoundArguments bound("joiner", arguments, {"sep="});
  return Value(std::shared_ptr<Object>(std::make_shared<Joiner>(bound.get(0, Value(", ")))));
}

}  // namespace

std::optional<Value> find_global(std::string_view name) {
  static const std::pair<std::string_view, Builtin> functions[] = {{"range", range},
                                                                   {"dict", dict},
                                                                   {"namespace", make_namespace},
                                                                   {"raise_exception", raise_exception},
                                                                   {"strftime_now", strftime_now},
                                                                   {"cycler", cycler},
                                                                   {"joiner", joiner}};
  for (const auto& [known, function] : functions) {
    if (known == name) return make_function(std::string(name), function);
  }
  return std::nullopt;
}

}  // namespace realizar::text::jinja
