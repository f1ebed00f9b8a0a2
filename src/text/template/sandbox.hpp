#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/text.hpp"
#include "realizar/error.hpp"

namespace realizar::text::jinja {

/// What one rendering may cost.
struct Limits {
  std::uint64_t max_steps = 20'000'000;  ///< nodes evaluated, plus the work done inside built-in functions
  std::size_t max_memory_bytes = std::size_t{256} << 20;  ///< values and output alive at one time
  std::size_t max_source_bytes = std::size_t{4} << 20;
};

/// Nesting of brackets and blocks in a template.
inline constexpr unsigned max_syntax_depth = 200;
/// Height of the tree of one expression: a + b + c is of height 3.
inline constexpr unsigned max_expression_depth = 500;
/// Nesting of evaluations at run time: macros that call macros.
inline constexpr unsigned max_evaluation_depth = 1000;
/// Nesting of lists and dicts.
inline constexpr unsigned max_value_depth = 200;
/// Longest range() that a template may ask for, as jinja2's sandbox has it.
inline constexpr std::int64_t max_range = 100'000;

/// A failure inside a template before it is given a line; becomes `realizar::Error` at the door.
struct Fault {
  ErrorKind kind;
  std::string message;
};

/// Fails where Python's jinja2 raises.
template <class... Parts>
[[noreturn]] void raise(const Parts&... parts) {
  throw Fault{ErrorKind::invalid_template, concat(parts...)};
}

template <class... Parts>
[[noreturn]] void exceed(const Parts&... parts) {
  throw Fault{ErrorKind::limit_exceeded, concat(parts...)};
}

/// Counts the steps and the memory of the rendering under way on this thread. Values made during a rendering
/// die before it ends; those made outside one are not counted.
class Sandbox {
 public:
  explicit Sandbox(const Limits& limits);
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  static Sandbox* current();

  void spend(std::uint64_t steps);
  void take(std::size_t bytes);
  void give_back(std::size_t bytes) { bytes_ -= bytes; }

 private:
  Limits limits_;
  std::uint64_t steps_ = 0;
  std::size_t bytes_ = 0;
  Sandbox* previous_;
};

/// Counts `steps` of work against the rendering under way, if there is one.
void spend(std::uint64_t steps);

/// Fails when a string or list of `bytes` could not be held, before it is made.
void require_room(std::size_t bytes);

/// Memory held by one value, given back when the value dies.
class MemoryCharge {
 public:
  explicit MemoryCharge(std::size_t bytes) : sandbox_(Sandbox::current()) { grow(bytes); }
  ~MemoryCharge() {
    if (sandbox_ != nullptr) sandbox_->give_back(bytes_);
  }
  MemoryCharge(const MemoryCharge&) = delete;
  MemoryCharge& operator=(const MemoryCharge&) = delete;

  void grow(std::size_t bytes) {
    if (sandbox_ == nullptr) return;
    sandbox_->take(bytes);
    bytes_ += bytes;
  }

 private:
  Sandbox* sandbox_;
  std::size_t bytes_ = 0;
};

}  // namespace realizar::text::jinja
