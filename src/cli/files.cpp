#include "cli/files.hpp"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <utility>

#include "realizar/error.hpp"

namespace realizar::cli {
namespace {

[[noreturn]] void fail_io(const std::string& what) {
  throw Error(ErrorKind::io, what + ": " + std::strerror(errno));
}

}  // namespace

std::string read_all(const std::filesystem::path& path) {
  const bool standard_input = path == "-";
  const std::string name = standard_input ? "standard input" : path.string();
  std::FILE* file = standard_input ? stdin : std::fopen(path.c_str(), "rb");
  if (!file) fail_io("cannot open " + name);
  std::string text;
  char buffer[1 << 16];
  while (const size_t n = std::fread(buffer, 1, sizeof buffer, file)) text.append(buffer, n);
  const bool failed = std::ferror(file);
  const int error = errno;
  if (!standard_input) std::fclose(file);
  if (failed) {
    errno = error;
    fail_io("cannot read " + name);
  }
  return text;
}

std::vector<int32_t> parse_ids(std::string_view text, const std::string& source) {
  std::vector<int32_t> ids;
  const auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    while (at < end && is_space(*at)) ++at;
    if (at == end) return ids;
    int32_t id = 0;
    const auto [rest, error] = std::from_chars(at, end, id);
    if (error != std::errc() || (rest < end && !is_space(*rest)) || id < 0) {
      const char* word_end = at;
      while (word_end < end && !is_space(*word_end) && word_end - at < 40) ++word_end;
      throw Error(ErrorKind::invalid_argument,
                  source + " must hold decimal token ids separated by white space; \"" +
                      std::string(at, word_end) + "\" at byte " + std::to_string(at - text.data()) +
                      " is none");
    }
    ids.push_back(id);
    at = rest;
  }
}

void print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    fail_io("cannot write to standard output");
}

OutputFile::OutputFile(const std::filesystem::path& path) : path_(path), written_path_(path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored) || std::filesystem::is_regular_file(path, ignored))
    written_path_ += ".partial";
  file_ = std::fopen(written_path_.c_str(), "wb");
  if (!file_) fail_io("cannot write " + written_path_.string());
}

OutputFile::~OutputFile() {
  if (!file_) return;
  std::fclose(file_);
  if (written_path_ != path_) std::remove(written_path_.c_str());
}

void OutputFile::write(const void* data, size_t size) {
  if (std::fwrite(data, 1, size, file_) != size) fail_io("cannot write " + written_path_.string());
}

void OutputFile::finish() {
  if (std::fflush(file_) != 0) fail_io("cannot write " + written_path_.string());
  if (written_path_ != path_ && std::rename(written_path_.c_str(), path_.c_str()) != 0)
    fail_io("cannot rename " + written_path_.string() + " to " + path_.string());
  std::fclose(std::exchange(file_, nullptr));
}

}  // namespace realizar::cli
