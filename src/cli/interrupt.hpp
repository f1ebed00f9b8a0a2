#pragma once

namespace realizar::cli {

/// Thrown where work ends because of Ctrl-C; the program then exits with `exit_interrupted`.
struct Interrupted {};

/// While it lives, the first Ctrl-C asks the work to end (see `interrupted`) and the second ends the program.
class InterruptHandler {
 public:
  InterruptHandler();
  ~InterruptHandler();
  InterruptHandler(const InterruptHandler&) = delete;
  InterruptHandler& operator=(const InterruptHandler&) = delete;
};

/// Whether Ctrl-C has been pressed.
bool interrupted();

/// Forgets that it has.
void clear_interrupt();

/// Throws `Interrupted` when it has.
void throw_if_interrupted();

/// The file, if any, that the second Ctrl-C removes before it ends the program. The path must outlive the
/// call with nullptr that takes it back.
void remove_on_interrupt(const char* path);

}  // namespace realizar::cli
