#include "cli/backends.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/files.hpp"
#include "cli/units.hpp"
#include "realizar/backends.hpp"

namespace realizar::cli {
namespace {

using Json = nlohmann::ordered_json;

Json giga(double per_second) { return per_second > 0 ? Json(per_second / 1e9) : Json(); }

std::string to_json(const std::vector<Backend>& backends) {
  Json rows = Json::array();
  for (const Backend& backend : backends)
    rows.push_back({{"name", backend.name},
                    {"kind", backend.is_gpu ? "gpu" : "instruction set"},
                    {"available", backend.available},
                    {"used", backend.used},
                    {"reason", backend.reason},
                    {"read_bandwidth_gb_per_s", giga(backend.read_bandwidth)},
                    {"int8_peak_gmac_per_s", giga(backend.int8_peak)},
                    {"f32_peak_gmac_per_s", giga(backend.f32_peak)}});
  return Json{{"backends", rows}}.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string giga_text(double per_second) { return per_second > 0 ? fixed(per_second / 1e9, 1) : "-"; }

std::string to_text(const std::vector<Backend>& backends) {
  size_t width = 7;
  for (const Backend& backend : backends) width = std::max(width, backend.name.size());
  std::string text;
  const auto line = [&](const std::string& name, const std::string& used, const std::string& bandwidth,
                        const std::string& int8, const std::string& f32, const std::string& reason) {
    char cells[64];
    std::snprintf(cells, sizeof cells, "  %-4s %8s %10s %10s  ", used.c_str(), bandwidth.c_str(),
                  int8.c_str(), f32.c_str());
    text += name + std::string(width - name.size(), ' ') + cells + reason + "\n";
  };
  line("backend", "used", "GB/s", "int8 GMAC", "f32 GMAC", "why");
  for (const Backend& backend : backends)
    line(backend.name, backend.used ? "yes" : "no", giga_text(backend.read_bandwidth),
         giga_text(backend.int8_peak), giga_text(backend.f32_peak), backend.reason);
  return text;
}

}  // namespace

int show_backends(bool json) {
  const std::vector<Backend> backends = list_backends();
  print(json ? to_json(backends) : to_text(backends));
  return exit_ok;
}

}  // namespace realizar::cli
