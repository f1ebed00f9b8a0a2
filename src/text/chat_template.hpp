#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "text/template/clock.hpp"
#include "text/template/json.hpp"
#include "text/template/value.hpp"

namespace realizar::text {

namespace jinja {
struct Template;
}

struct RenderOptions {
  std::optional<jinja::LocalTime> now;  ///< the clock of strftime_now; without it the machine's
};

/// A chat template: the Jinja of a model's metadata, run in a sandbox with the semantics of Python's jinja2
/// as chat libraries set it up. Rendering is safe from several threads at once.
class ChatTemplate {
 public:
  /// Parses; a template that cannot be parsed is an `Error` that names the line.
  explicit ChatTemplate(const std::string& source, jinja::Limits limits = {});
  ~ChatTemplate();
  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;

  /// Renders with the entries of `variables`, a dict, as the template's variables.
  std::string render(const jinja::Value& variables, const RenderOptions& options = {}) const;

 private:
  std::unique_ptr<jinja::Template> template_;
  jinja::Limits limits_;
};

/// Renders `source` with the keys of the JSON object as variables; the key `now` (ISO 8601) sets the clock.
std::string render_template(const std::string& source, std::string_view json_variables);

}  // namespace realizar::text
