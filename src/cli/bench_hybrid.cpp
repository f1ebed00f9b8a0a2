#include "cli/bench_hybrid.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/commands.hpp"
#include "cli/files.hpp"
#include "realizar/devices.hpp"

namespace realizar::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string to_json(const HybridReport& report) {
  Json operations = Json::array();
  for (const Crossover& crossover : report.operations) {
    Json sizes = Json::array();
    for (const Crossover::Size& size : crossover.sizes)
      sizes.push_back({{"numbers", size.n_numbers},
                       {"cpu_us", size.cpu_seconds * 1e6},
                       {"gpu_us", size.gpu_seconds * 1e6}});
    operations.push_back(
        {{"operation", crossover.operation},
         {"gpu_faster_from", crossover.n_numbers() > 0 ? Json(crossover.n_numbers()) : Json()},
         {"sizes", sizes}});
  }
  const Json json = {{"gpu", report.gpu}, {"threshold", report.threshold}, {"operations", operations}};
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string to_text(const HybridReport& report) {
  std::string text;
  char line[200];
  const auto add = [&](const char* format, const auto&... values) {
    std::snprintf(line, sizeof line, format, values...);
    text += line;
  };
  add("%-10s %10s %12s %12s\n", "operation", "numbers", "CPU, us", "GPU, us");
  for (const Crossover& crossover : report.operations)
    for (const Crossover::Size& size : crossover.sizes)
      add("%-10s %10lld %12.1f %12.1f\n", crossover.operation.c_str(), static_cast<long long>(size.n_numbers),
          size.cpu_seconds * 1e6, size.gpu_seconds * 1e6);
  for (const Crossover& crossover : report.operations) {
    const auto from = static_cast<long long>(crossover.n_numbers());
    if (from > 0)
      add("%s: %s is faster from %lld numbers on\n", crossover.operation.c_str(), report.gpu.c_str(), from);
    else
      add("%s: the CPU is faster with all that was measured\n", crossover.operation.c_str());
  }
  add("HybridScheduler takes the GPU from %lld numbers on, unless told otherwise\n",
      static_cast<long long>(report.threshold));
  return text;
}

}  // namespace

int bench_hybrid(const ModelOptions& options, bool json) {
  const HybridReport report = measure_crossovers(options.gpu, options.n_threads);
  print(json ? to_json(report) : to_text(report));
  return exit_ok;
}

}  // namespace realizar::cli
