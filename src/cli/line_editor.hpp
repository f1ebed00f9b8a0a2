#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace realizar::cli {

/// Reads lines from standard input: with editing, history and a prompt when it is a terminal, plainly when it
/// is not.
class LineEditor {
 public:
  /// The history is read from this file and written back; an empty path keeps none.
  explicit LineEditor(std::filesystem::path history);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  bool interactive() const { return terminal_ != nullptr; }

  /// The next line without its end; nothing at the end of the input. Ctrl-C gives a line up; at an
  /// empty one it throws `Interrupted`.
  std::optional<std::string> read(const std::string& prompt);

 private:
  struct Terminal;
  std::unique_ptr<Terminal> terminal_;
};

}  // namespace realizar::cli
