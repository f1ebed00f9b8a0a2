#include <string>

#include "cli/commands.hpp"
#include "cli/files.hpp"
#include "realizar/chat_template.hpp"

namespace realizar::cli {
namespace {

struct TemplateOptions {
  std::string source, input;
};

int render(const TemplateOptions& options) {
  print(ChatTemplate::load(options.source).render(read_all(options.input)));
  return exit_ok;
}

}  // namespace

void add_template(CLI::App& program, Action& action) {
  const auto [command, options] = add_command<TemplateOptions>(
      program, action, "template", "print what a chat template makes of its variables",
      "  echo '{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}], "
      "\"add_generation_prompt\": true}' |\n"
      "    realizar template model.gguf --input -\n"
      "  realizar template chat.jinja --input variables.json\n"
      "The keys of the JSON object are the template's variables; \"now\" (ISO "
      "8601) sets the clock of strftime_now.\n",
      render);
  command.add_option("MODEL", options.source, "GGUF file, or a file with a Jinja template")->required();
  command.add_option("-i,--input", options.input, "JSON object of the variables; -: standard input")
      ->required();
}

}  // namespace realizar::cli
