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

}  // namespace realizar::cli
