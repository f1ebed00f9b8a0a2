#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/backends.hpp"
#include "cli/commands.hpp"
#include "cli/files.hpp"
#include "cli/units.hpp"
#include "cli/whole_number.hpp"
#include "realizar/error.hpp"
#include "realizar/model_info.hpp"

namespace realizar::cli {
namespace {

using Json = nlohmann::ordered_json;

struct InfoOptions {
  std::string model;
  bool backends = false;
  LoadOptions load;
  bool json = false;
  std::string plan;  ///< "text", "dot", or empty: no plan
  std::string device = "cpu";
};

struct TypeTotal {
  uint64_t n_tensors = 0, bytes = 0;
};

std::map<std::string, TypeTotal> totals_by_type(const FileInfo& info) {
  std::map<std::string, TypeTotal> totals;
  for (const TensorEntry& tensor : info.tensors) {
    TypeTotal& total = totals[tensor.type];
    ++total.n_tensors;
    total.bytes += tensor.bytes;
  }
  return totals;
}

// The text of a value as JSON: numbers and booleans as such where JSON has them.
Json value_to_json(const MetadataEntry& entry, const std::string& value) {
  if (entry.type.ends_with("string")) return value;
  const Json number = Json::parse(value, nullptr, /*allow_exceptions=*/false);
  return number.is_discarded() ? Json(value) : number;
}

Json metadata_to_json(const MetadataEntry& entry) {
  if (!entry.type.starts_with("array")) return value_to_json(entry, entry.values.at(0));
  Json values = Json::array();
  for (const std::string& value : entry.values) values.push_back(value_to_json(entry, value));
  if (entry.values.size() == entry.count) return values;
  return {{"type", entry.type}, {"count", entry.count}, {"first", values}};
}

std::string to_json(const FileInfo& info) {
  Json json = {{"file", info.path.string()}, {"version", info.version},       {"bytes", info.bytes},
               {"parts", info.n_parts},      {"parameters", info.parameters}, {"name", info.name}};
  if (info.shape) {
    const ModelShape& shape = *info.shape;
    json["architecture"] = shape.architecture;
    json["shape"] = {{"layers", shape.n_layers},    {"embedding", shape.n_embd},
                     {"heads", shape.n_heads},      {"kv_heads", shape.n_kv_heads},
                     {"experts", shape.n_experts},  {"experts_used", shape.n_experts_used},
                     {"vocabulary", shape.n_vocab}, {"context", shape.n_context_train}};
  }
  if (info.memory)
    json["memory"] = {{"context", info.memory->n_context},
                      {"weights", info.memory->weights},
                      {"kv_cache", info.memory->kv_cache},
                      {"activations", info.memory->activations},
                      {"total", info.memory->total()}};
  if (!info.problem.empty()) json["problem"] = info.problem;
  Json types = Json::object();
  for (const auto& [type, total] : totals_by_type(info))
    types[type] = {{"tensors", total.n_tensors}, {"bytes", total.bytes}};
  json["size_by_type"] = types;
  Json metadata = Json::object();
  for (const MetadataEntry& entry : info.metadata) metadata[entry.key] = metadata_to_json(entry);
  json["metadata"] = metadata;
  Json tensors = Json::array();
  for (const TensorEntry& tensor : info.tensors)
    tensors.push_back(
        {{"name", tensor.name}, {"type", tensor.type}, {"shape", tensor.shape}, {"bytes", tensor.bytes}});
  json["tensors"] = tensors;
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

// Files may hold any bytes: what a terminal would obey is shown as \xNN, line ends as \n, long texts are cut.
std::string printable(const std::string& text, size_t longest) {
  std::string shown;
  for (const char c : text) {
    if (shown.size() >= longest) return shown + "...";
    char escaped[8];
    if (c == '\n')
      shown += "\\n";
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned char>(c));
      shown += escaped;
    } else
      shown += c;
  }
  return shown;
}

std::string values_text(const MetadataEntry& entry) {
  constexpr size_t shown_values = 8, longest_value = 100, longest_element = 24;
  if (!entry.type.starts_with("array")) return printable(entry.values.at(0), longest_value);
  std::string text = std::to_string(entry.count) + " [";
  for (size_t i = 0; i < std::min(entry.values.size(), shown_values); ++i)
    text += (i ? ", " : "") + printable(entry.values[i], longest_element);
  return text + (entry.count > shown_values ? ", ...]" : "]");
}

std::string to_text(const FileInfo& info) {
  std::string text;
  const auto line = [&](const std::string& label, const std::string& value) {
    text += label + std::string(label.size() < 14 ? 14 - label.size() : 1, ' ') + value + "\n";
  };
  line("file",
       info.path.string() + (info.n_parts > 1 ? " (" + std::to_string(info.n_parts) + " parts)" : ""));
  line("size", bytes_text(info.bytes));
  line("GGUF version", std::to_string(info.version));
  if (!info.name.empty()) line("name", printable(info.name, 100));
  line("parameters", std::to_string(info.parameters));
  if (info.shape) {
    const ModelShape& shape = *info.shape;
    line("architecture", shape.architecture);
    line("layers", std::to_string(shape.n_layers));
    line("embedding", std::to_string(shape.n_embd));
    line("heads",
         std::to_string(shape.n_heads) + " (" + std::to_string(shape.n_kv_heads) + " of keys and values)");
    if (shape.n_experts)
      line("experts",
           std::to_string(shape.n_experts) + " (" + std::to_string(shape.n_experts_used) + " used)");
    line("vocabulary", std::to_string(shape.n_vocab));
    line("context", shape.n_context_train > 0 ? std::to_string(shape.n_context_train) : "not given");
  }
  if (info.memory)
    line("memory", bytes_text(info.memory->total()) + " for a context of " +
                       std::to_string(info.memory->n_context) + ": weights " +
                       bytes_text(info.memory->weights) + ", cache " + bytes_text(info.memory->kv_cache) +
                       ", activations " + bytes_text(info.memory->activations));
  text += "\nsize by type\n";
  for (const auto& [type, total] : totals_by_type(info))
    line("  " + type, bytes_text(total.bytes) + " in " + std::to_string(total.n_tensors) + " tensors");
  text += "\nmetadata\n";
  for (const MetadataEntry& entry : info.metadata)
    text += "  " + printable(entry.key, 200) + " (" + entry.type + ") = " + values_text(entry) + "\n";
  text += "\ntensors\n";
  for (const TensorEntry& tensor : info.tensors) {
    std::string shape;
    for (const uint64_t n : tensor.shape) shape += (shape.empty() ? "" : ", ") + std::to_string(n);
    text += "  " + printable(tensor.name, 200) + " " + tensor.type + " [" + shape + "] " +
            bytes_text(tensor.bytes) + "\n";
  }
  return text;
}

int show_info(const InfoOptions& options) {
  if (options.backends) return show_backends(options.json);
  const bool on_gpu = options.device == "gpu";
  if (on_gpu && options.plan != "text")
    throw Error(ErrorKind::invalid_argument, "the kernels of a GPU are shown by --plan, as text");
  if (on_gpu) {
    print(describe_plan_on_gpu(options.model, options.load));
    return exit_ok;
  }
  if (!options.plan.empty()) {
    print(describe_plan(options.model, options.plan == "dot" ? PlanFormat::dot : PlanFormat::text));
    return exit_ok;
  }
  const FileInfo info = inspect(options.model, options.load);
  print(options.json ? to_json(info) : to_text(info));
  if (info.problem.empty()) return exit_ok;
  std::fprintf(stderr, "realizar: %s\n", info.problem.c_str());
  return exit_bad_file;
}

}  // namespace

void add_info(CLI::App& program, Action& action) {
  const auto [command, options] = add_command<InfoOptions>(
      program, action, "info",
      "print what a GGUF file holds and what running it takes, or what this machine computes with",
      "  realizar info model.gguf --context 4096\n"
      "  realizar info model.gguf --json | jq .metadata\n"
      "  realizar info model.gguf --plan\n"
      "  realizar info model.gguf --plan dot | dot -Tsvg > plan.svg\n"
      "  realizar info model.gguf --plan --device gpu\n"
      "  realizar info --backends\n",
      show_info);
  // A required MODEL is not taken for what --plan may be followed by.
  CLI::Option* const model =
      command.add_option("MODEL", options.model, "GGUF file, which may hold only a vocabulary")->required();
  command.add_flag_callback(
      "--backends",
      [model, &backends = options.backends] {
        backends = true;
        model->required(false);
      },
      "print instead the instruction sets and the GPU that this build has: whether this machine has "
      "them, which is used and why, and what each does at best (measured now)");
  command.add_flag("--json", options.json, "print a JSON object");
  whole_number(command.add_option("-c,--context", options.load.n_context,
                                  "estimate the memory for so many positions; 0: the model's own"),
               0, 1 << 30);
  command
      .add_option(
          "--plan", options.plan,
          "print instead the operators the model is computed by, after fusion; dot: as a Graphviz digraph")
      ->expected(0, 1)
      ->default_str("text")
      ->check(CLI::IsMember({"text", "dot"}).description(""))
      ->type_name("[dot]");
  command
      .add_option("--device", options.device,
                  "with --plan; gpu: load the model onto a GPU and show the kernels of a decoded token too")
      ->check(CLI::IsMember({"cpu", "gpu"}).description(""))
      ->type_name("DEVICE")
      ->capture_default_str();
  command.add_option("--gpu", options.load.gpu, "which GPU, as for run")
      ->type_name("NAME")
      ->capture_default_str();
}

}  // namespace realizar::cli
