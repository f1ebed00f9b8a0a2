#include "text/template/sandbox.hpp"

namespace realizar::text::jinja {
namespace {

thread_local Sandbox* current_sandbox = nullptr;

}  // namespace

Sandbox::Sandbox(const Limits& limits) : limits_(limits), previous_(current_sandbox) {
  current_sandbox = this;
}

Sandbox::~Sandbox() { current_sandbox = previous_; }

Sandbox* Sandbox::current() { return current_sandbox; }

void Sandbox::spend(std::uint64_t steps) {
  if (steps > limits_.max_steps - steps_)
    exceed("the template takes more than ", limits_.max_steps, " steps");
  steps_ += steps;
}

void Sandbox::take(std::size_t bytes) {
  if (bytes > limits_.max_memory_bytes - bytes_) {
    exceed("the template needs more than ", limits_.max_memory_bytes >> 20, " MiB of memory");
  }
  bytes_ += bytes;
}

void spend(std::uint64_t steps) {
  if (current_sandbox != nullptr) current_sandbox->spend(steps);
}

void require_room(std::size_t bytes) {
  if (current_sandbox == nullptr) return;
  current_sandbox->take(bytes);
  current_sandbox->give_back(bytes);
}

}  // namespace realizar::text::jinja
