#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

// What the commands read and write. All throw `Error` of kind io.
namespace realizar::cli {

/// The bytes of a file, or of standard input for "-". Throws `Interrupted` when Ctrl-C is pressed while it
/// waits for them.
std::string read_all(const std::filesystem::path& path);

/// The decimal numbers, separated by white space, of a text. Throws invalid_argument, naming `source`, for
/// anything else.
std::vector<int32_t> parse_ids(std::string_view text, const std::string& source);

/// Writes to standard output and flushes.
void print(std::string_view text);

/// A file that appears under its name (a symbolic link: under that of its target) only once it is complete;
/// until then it has a name of this process alone beside it. What is no regular file (a pipe, /dev/tty) is
/// written as it comes, and so is standard output for "-".
class OutputFile {
 public:
  explicit OutputFile(const std::filesystem::path& path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(const void* data, size_t size);
  /// The file is complete.
  void finish();

 private:
  [[noreturn]] void fail() const;
  bool is_temporary() const { return written_path_ != path_; }

  std::filesystem::path path_, written_path_;
  std::FILE* file_;
};

}  // namespace realizar::cli
