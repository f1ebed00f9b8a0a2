#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace realizar {

/// The Jinja template by which a model wants conversations written, run by a sandboxed interpreter with
/// limits on steps and size.
class ChatTemplate {
 public:
  /// Throws invalid_template, naming the line, when the source is not a template.
  explicit ChatTemplate(std::string source);

  /// The template in a GGUF file (which need not hold a model), or of a file of any other name that holds
  /// only a template. Throws `Error`: io, invalid_file, invalid_template, unsupported when the file has none.
  static ChatTemplate load(const std::filesystem::path& path);

  /// The text for the variables that the keys of a JSON object name (`messages`, `tools`,
  /// `add_generation_prompt`, `bos_token`, ...); `now` (ISO 8601) sets the clock of `strftime_now`. Throws
  /// invalid_argument for text that is no JSON object, invalid_template when the template fails,
  /// limit_exceeded when it runs too long.
  std::string render(std::string_view variables_json) const;

 private:
  std::string source_;
};

}  // namespace realizar
