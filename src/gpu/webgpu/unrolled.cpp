#include "gpu/webgpu/unrolled.hpp"

#include <algorithm>
#include <sstream>

#include "base/error.hpp"

namespace realizar::gpu::webgpu {
namespace {

std::string replaced(std::string_view text, const std::string& mark, int value) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t found = std::min(text.find(mark, at), text.size());
    out += text.substr(at, found - at);
    if (found < text.size()) out += std::to_string(value);
    at = found + mark.size();
  }
  return out;
}

class Unroller {
 public:
  Unroller(std::string_view text, std::initializer_list<Count> counts)
      : lines_(std::string(text)), counts_(counts) {}

  /// Up to the end of the text, or of the repetition it is in.
  std::string block(bool is_repeated) {
    std::string out, line;
    while (std::getline(lines_, line)) {
      std::istringstream words(line);
      std::string word, variable, count;
      words >> word >> variable >> count;
      if (word == "#end") {
        require(is_repeated, ErrorKind::internal, "#end without #repeat");
        return out;
      }
      if (word == "#repeat") {
        const std::string body = block(true);
        for (int i = 0; i < value(count); ++i) out += replaced(body, "#" + variable, i);
      } else {
        out += line;
        out += '\n';
      }
    }
    require(!is_repeated, ErrorKind::internal, "#repeat without #end");
    return out;
  }

 private:
  int value(std::string_view name) const {
    const auto found =
        std::find_if(counts_.begin(), counts_.end(), [&](const Count& count) { return count.name == name; });
    require(found != counts_.end(), ErrorKind::internal, "#repeat counts '", name, "', which has no value");
    return found->value;
  }

  std::istringstream lines_;
  std::initializer_list<Count> counts_;
};

}  // namespace

std::string unrolled(std::string_view text, std::initializer_list<Count> counts) {
  return Unroller(text, counts).block(false);
}

}  // namespace realizar::gpu::webgpu
