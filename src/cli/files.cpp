#include "cli/files.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <utility>

#include "cli/interrupt.hpp"
#include "realizar/error.hpp"

namespace realizar::cli {
namespace {

[[noreturn]] void fail_io(const std::string& what) {
  throw Error(ErrorKind::io, what + ": " + std::strerror(errno));
}

struct Descriptor {
  int value;
  ~Descriptor() {
    if (value >= 0) close(value);
  }
};

/// What a chain of symbolic links ends at, whether that exists or not.
std::filesystem::path target_of(std::filesystem::path path) {
  constexpr int longest_chain = 40;  // as Linux has it
  std::error_code ignored;
  for (int i = 0; i < longest_chain && std::filesystem::is_symlink(path, ignored); ++i) {
    // A link in /proc to what has no name, such as a pipe, can be opened but not followed.
    const std::filesystem::path next = path.parent_path() / std::filesystem::read_symlink(path, ignored);
    if (std::filesystem::exists(path, ignored) && !std::filesystem::exists(next, ignored)) break;
    path = next;
  }
  return path;
}

}  // namespace

std::string read_all(const std::filesystem::path& path) {
  const bool standard_input = path == "-";
  const std::string name = standard_input ? "standard input" : path.string();
  const int file = standard_input ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) fail_io("cannot open " + name);
  const Descriptor closed_at_the_end{standard_input ? -1 : file};
  std::string text;
  std::vector<char> buffer(1 << 16);
  while (true) {
    // What comes from a terminal or a pipe may be long in coming. A signal between the question and the wait
    // is seen after the wait's time.
    throw_if_interrupted();
    pollfd ready = {.fd = file, .events = POLLIN, .revents = 0};
    const int n_ready = poll(&ready, 1, /*milliseconds=*/200);
    if (n_ready == 0 || (n_ready < 0 && errno == EINTR)) continue;
    const ssize_t n = read(file, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_io("cannot read " + name);
    if (n == 0) return text;
    text.append(buffer.data(), static_cast<size_t>(n));
  }
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

OutputFile::OutputFile(const std::filesystem::path& path) : path_(target_of(path)), written_path_(path_) {
  if (path == "-") {
    path_ = written_path_ = "standard output";
    file_ = stdout;
    return;
  }
  std::error_code ignored;
  if (!std::filesystem::exists(path_, ignored) || std::filesystem::is_regular_file(path_, ignored))
    written_path_ += "." + std::to_string(getpid()) + ".partial";
  file_ = std::fopen(written_path_.c_str(), "wb");
  if (!file_) fail();
  if (is_temporary()) remove_on_interrupt(written_path_.c_str());
}

OutputFile::~OutputFile() {
  if (file_ && file_ != stdout) std::fclose(file_);
  if (!is_temporary()) return;
  remove_on_interrupt(nullptr);
  std::remove(written_path_.c_str());  // complete, it has another name
}

void OutputFile::fail() const { fail_io("cannot write " + written_path_.string()); }

void OutputFile::write(const void* data, size_t size) {
  if (std::fwrite(data, 1, size, file_) != size) fail();
}

void OutputFile::finish() {
  std::FILE* const file = std::exchange(file_, nullptr);
  if ((file == stdout ? std::fflush(file) : std::fclose(file)) != 0) fail();
  if (is_temporary() && std::rename(written_path_.c_str(), path_.c_str()) != 0)
    fail_io("cannot rename " + written_path_.string() + " to " + path_.string());
}

}  // namespace realizar::cli
