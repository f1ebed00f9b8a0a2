#include "cli/interrupt.hpp"

#include <signal.h>
#include <unistd.h>

#include <atomic>

#include "cli/commands.hpp"

namespace realizar::cli {
namespace {

volatile sig_atomic_t n_interrupts = 0;
std::atomic<const char*> unfinished = nullptr;
static_assert(std::atomic<const char*>::is_always_lock_free, "a signal handler reads it");

void on_interrupt(int) {
  n_interrupts = n_interrupts + 1;
  if (n_interrupts <= 1) return;
  if (const char* path = unfinished) unlink(path);
  _exit(exit_interrupted);
}

void set_handler(void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
}

}  // namespace

InterruptHandler::InterruptHandler() {
  clear_interrupt();
  set_handler(on_interrupt);
}

InterruptHandler::~InterruptHandler() { set_handler(SIG_DFL); }

bool interrupted() { return n_interrupts > 0; }
void clear_interrupt() { n_interrupts = 0; }

void remove_on_interrupt(const char* path) { unfinished = path; }

void throw_if_interrupted() {
  if (interrupted()) throw Interrupted();
}

}  // namespace realizar::cli
