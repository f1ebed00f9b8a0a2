#include "realizar/devices.hpp"

#include <nlohmann/json.hpp>
#include <string>

#include "cli/commands.hpp"
#include "cli/files.hpp"
#include "cli/units.hpp"

namespace realizar::cli {
namespace {

using Json = nlohmann::ordered_json;

struct DevicesOptions {
  bool json = false;
};

Json to_json(const Gpu& gpu) {
  Json json = {{"name", gpu.name},
               {"vendor", gpu.vendor},
               {"interface", gpu.interface},
               {"driver", gpu.driver},
               {"type", to_string(gpu.type)},
               {"limits",
                {{"buffer_bytes", gpu.max_buffer_bytes},
                 {"binding_bytes", gpu.max_binding_bytes},
                 {"workgroup_threads", gpu.max_workgroup_threads},
                 {"workgroup_bytes", gpu.workgroup_bytes}}},
               {"features",
                {{"shader-f16", gpu.has_f16},
                 {"subgroups", gpu.has_subgroups},
                 {"timestamp-query", gpu.has_timestamps},
                 {"packed_4x8_integer_dot_product", gpu.has_integer_dot}}}};
  if (gpu.max_subgroup_threads > 0)
    json["subgroup_threads"] = {{"least", gpu.min_subgroup_threads}, {"most", gpu.max_subgroup_threads}};
  if (!gpu.problem.empty()) json["problem"] = gpu.problem;
  return json;
}

std::string to_json(const GpuList& list) {
  Json json = {{"gpus", Json::array()}, {"auto", nullptr}};
  for (const Gpu& gpu : list.gpus) json["gpus"].push_back(to_json(gpu));
  if (list.automatic >= 0) json["auto"] = list.automatic;
  if (!list.library.empty()) json["library"] = list.library;
  if (!list.problem.empty()) json["problem"] = list.problem;
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string features_text(const Gpu& gpu) {
  std::string text;
  const auto add = [&](bool has, const std::string& name) {
    if (has) text += (text.empty() ? "" : ", ") + name;
  };
  add(gpu.has_f16, "shader-f16");
  std::string subgroups = "subgroups";
  if (gpu.max_subgroup_threads > 0)
    subgroups += " of " + std::to_string(gpu.min_subgroup_threads) + " to " +
                 std::to_string(gpu.max_subgroup_threads) + " threads";
  add(gpu.has_subgroups, subgroups);
  add(gpu.has_timestamps, "timestamp-query");
  add(gpu.has_integer_dot, "packed_4x8_integer_dot_product");
  return text.empty() ? "none" : text;
}

std::string to_text(const Gpu& gpu) {
  std::string text = gpu.name + "\n";
  const auto line = [&](const std::string& label, const std::string& value) {
    text += "  " + label + std::string(12 - label.size(), ' ') + value + "\n";
  };
  line("type", std::string(to_string(gpu.type)) + ", of " + gpu.vendor);
  line("interface", gpu.interface + ", driver " + gpu.driver);
  line("buffers", "up to " + bytes_text(gpu.max_buffer_bytes) + ", of which kernels see " +
                      bytes_text(gpu.max_binding_bytes) + " at once");
  line("workgroups", "up to " + std::to_string(gpu.max_workgroup_threads) + " threads, which share " +
                         bytes_text(static_cast<uint64_t>(gpu.workgroup_bytes)));
  line("features", features_text(gpu));
  if (!gpu.problem.empty()) line("problem", gpu.problem);
  return text;
}

std::string to_text(const GpuList& list) {
  if (!list.problem.empty()) return "no GPU: " + list.problem + "\n";
  std::string text;
  for (const Gpu& gpu : list.gpus) text += to_text(gpu) + "\n";
  if (list.automatic < 0) return text + "auto takes the CPU: there is no real GPU that can be used\n";
  return text + "auto takes " + list.gpus[static_cast<size_t>(list.automatic)].name + "\n";
}

int show_devices(const DevicesOptions& options) {
  const GpuList list = list_gpus();
  print(options.json ? to_json(list) : to_text(list));
  return exit_ok;
}

}  // namespace

void add_devices(CLI::App& program, Action& action) {
  const auto [command, options] = add_command<DevicesOptions>(
      program, action, "devices", "print the GPUs of this machine, and which one would be taken",
      "  realizar devices\n"
      "  realizar devices --json | jq '.gpus[].name'\n"
      "  REALIZAR_WGPU_LIBRARY=/opt/lib/libwgpu_native.so realizar devices\n",
      show_devices);
  command.add_flag("--json", options.json, "print a JSON object");
}

}  // namespace realizar::cli
