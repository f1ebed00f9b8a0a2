#include "cli/whole_number.hpp"

#include <charconv>
#include <string>

namespace realizar::cli {

CLI::Option* whole_number(CLI::Option* option, std::int64_t least, std::int64_t most) {
  const auto normalise = [least, most](std::string& text) -> std::string {
    const char* const begin = text.data() + (text.starts_with('+') ? 1 : 0);
    const char* const end = text.data() + text.size();
    std::int64_t value = 0;
    const auto [rest, error] = std::from_chars(begin, end, value);
    if (error == std::errc::invalid_argument || rest != end)
      return "\"" + text + "\" is no decimal whole number";
    if (error != std::errc() || value < least || value > most)
      return text + " is not between " + std::to_string(least) + " and " + std::to_string(most);
    text = std::to_string(value);
    return "";
  };
  return option->transform(CLI::Validator(normalise, ""));
}

}  // namespace realizar::cli
