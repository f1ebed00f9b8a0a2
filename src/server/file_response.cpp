#include "server/file_response.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

namespace realizar::server {
namespace {

/// A decimal number; one that is too large is the largest. Nothing for other text.
std::optional<uint64_t> parse_number(std::string_view text) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return std::nullopt;
  uint64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() ? number : std::numeric_limits<uint64_t>::max();
}

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Whether a list of entity tags (If-None-Match) has this one.
bool lists_tag(std::string_view list, std::string_view tag) {
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    std::string_view one = trimmed(list.substr(0, comma));
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == "*" || one == tag) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

}  // namespace

ByteRange parse_range(std::string_view header, uint64_t size) {
  constexpr std::string_view unit = "bytes=";
  if (!header.starts_with(unit)) return {};
  header = trimmed(header.substr(unit.size()));
  const size_t dash = header.find('-');
  if (dash == std::string_view::npos) return {};
  const std::string_view from = header.substr(0, dash), to = header.substr(dash + 1);
  const auto first = parse_number(from), last = parse_number(to);
  if (from.empty() && last) {  // so many bytes at the end
    const uint64_t n = std::min(*last, size);
    if (n == 0) return {ByteRange::Kind::unsatisfiable};
    return {ByteRange::Kind::part, size - n, n};
  }
  if (!first || (!to.empty() && !last) || (last && *last < *first)) return {};
  if (*first >= size) return {ByteRange::Kind::unsatisfiable};
  const uint64_t end = last ? std::min(*last, size - 1) : size - 1;
  return {ByteRange::Kind::part, *first, end - *first + 1};
}

std::string media_type(std::string_view name) {
  constexpr std::pair<std::string_view, std::string_view> types[] = {
      {".html", "text/html; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".mjs", "text/javascript; charset=utf-8"},
      {".json", "application/json"},
      {".webmanifest", "application/manifest+json"},
      {".wasm", "application/wasm"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".ts", "text/plain; charset=utf-8"},
  };
  for (const auto& [end, type] : types)
    if (name.ends_with(end)) return std::string(type);
  return "application/octet-stream";
}

Response file_response(const Request& request, std::shared_ptr<const ServedFile> file,
                       const std::string& type) {
  const std::string tag = "\"" + file->version() + "\"";
  Response response;
  response.headers = {{"ETag", tag}, {"Cache-Control", "no-cache"}};
  if (lists_tag(request.header("if-none-match"), tag)) {
    response.status = 304;
    return response;
  }
  response.headers.emplace_back("Accept-Ranges", "bytes");
  const std::string condition = request.header("if-range");
  const ByteRange range = condition.empty() || condition == tag
                              ? parse_range(request.header("range"), file->size())
                              : ByteRange{};
  if (range.kind == ByteRange::Kind::unsatisfiable) {
    response = plain_response(416, "the file has no such bytes");
    response.headers.emplace_back("Content-Range", "bytes */" + std::to_string(file->size()));
    return response;
  }
  response.headers.emplace_back("Content-Type", type);
  response.n_bytes = file->size();
  if (range.kind == ByteRange::Kind::part) {
    response.status = 206;
    response.offset = range.offset;
    response.n_bytes = range.n_bytes;
    response.headers.emplace_back("Content-Range", "bytes " + std::to_string(range.offset) + "-" +
                                                       std::to_string(range.offset + range.n_bytes - 1) +
                                                       "/" + std::to_string(file->size()));
  }
  response.file = std::move(file);
  return response;
}

}  // namespace realizar::server
