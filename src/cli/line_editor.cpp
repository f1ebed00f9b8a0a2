#include "cli/line_editor.hpp"

#include <histedit.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <utility>

#include "cli/interrupt.hpp"
#include "realizar/error.hpp"

namespace realizar::cli {
namespace {

constexpr int history_lines = 1000;

}  // namespace

/// An editline session.
struct LineEditor::Terminal {
  /// What Ctrl-C gives up.
  enum class Interrupt { none, line, program };

  explicit Terminal(std::filesystem::path file) : history_file(std::move(file)) {
    if (!history || !editor) throw Error(ErrorKind::io, "the terminal cannot be used for editing lines");
    HistEvent event;
    ::history(history, &event, H_SETSIZE, history_lines);
    ::history(history, &event, H_SETUNIQUE, 1);
    if (!history_file.empty()) ::history(history, &event, H_LOAD, history_file.c_str());
    el_set(editor, EL_CLIENTDATA, this);
    el_set(
        editor, EL_PROMPT, +[](EditLine* e) {
          Terminal* self = nullptr;
          el_get(e, EL_CLIENTDATA, &self);
          return self->prompt.data();
        });
    el_set(editor, EL_HIST, ::history, history);
    el_set(editor, EL_EDITOR, "emacs");
    el_set(editor, EL_SIGNAL, 1);
    el_source(editor, nullptr);  // ~/.editrc
    // Ctrl-C is a key while a line is edited, so that the terminal is put back in order before anything ends.
    el_set(editor, EL_SETTY, "-d", "-isig", nullptr);
    el_set(
        editor, EL_ADDFN, "realizar-interrupt", "give up the line", +[](EditLine* e, int) -> unsigned char {
          Terminal* self = nullptr;
          el_get(e, EL_CLIENTDATA, &self);
          const LineInfo* line = el_line(e);
          self->interrupted = line->lastchar > line->buffer ? Interrupt::line : Interrupt::program;
          return CC_EOF;
        });
    el_set(editor, EL_BIND, "^C", "realizar-interrupt", nullptr);
  }

  ~Terminal() {
    HistEvent event;
    if (!history_file.empty()) {
      std::error_code ignored;
      std::filesystem::create_directories(history_file.parent_path(), ignored);
      ::history(history, &event, H_SAVE, history_file.c_str());
    }
    el_end(editor);
    history_end(history);
  }

  std::optional<std::string> read() {
    int length = 0;
    const char* text = nullptr;
    do {
      interrupted = Interrupt::none;
      text = el_gets(editor, &length);
      if (interrupted != Interrupt::none) {
        std::fputs("^C\n", stdout);
        el_reset(editor);
      }
      if (interrupted == Interrupt::program) throw Interrupted();
    } while (interrupted == Interrupt::line);
    if (!text || length <= 0) {
      std::fputs("\n", stdout);
      return std::nullopt;
    }
    std::string line(text, static_cast<size_t>(length));
    if (line.find_first_not_of(" \t\n") != std::string::npos) {
      HistEvent event;
      ::history(history, &event, H_ENTER, line.c_str());
    }
    if (line.ends_with('\n')) line.pop_back();
    return line;
  }

  std::filesystem::path history_file;
  std::string prompt;
  Interrupt interrupted = Interrupt::none;
  History* history = history_init();
  EditLine* editor = el_init("realizar", stdin, stdout, stderr);
};

LineEditor::LineEditor(std::filesystem::path history) {
  if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
    terminal_ = std::make_unique<Terminal>(std::move(history));
}

LineEditor::~LineEditor() = default;

std::optional<std::string> LineEditor::read(const std::string& prompt) {
  if (terminal_) {
    terminal_->prompt = prompt;
    return terminal_->read();
  }
  std::string line;
  if (!std::getline(std::cin, line)) return std::nullopt;
  return line;
}

}  // namespace realizar::cli
