#pragma once

#include "text/template/interpreter.hpp"

// What the files of the interpreter share.
namespace realizar::text::jinja {

/// One more evaluation inside another.
class Interpreter::Depth {
 public:
  explicit Depth(Interpreter& interpreter) : depth_(interpreter.depth_) {
    spend(1);
    if (depth_ >= max_evaluation_depth) exceed("macros, loops and expressions nest too deeply while running");
    ++depth_;
  }
  ~Depth() { --depth_; }
  Depth(const Depth&) = delete;
  Depth& operator=(const Depth&) = delete;

 private:
  unsigned& depth_;
};

/// Collects what is written while it lives.
class Interpreter::Capture {
 public:
  explicit Capture(Interpreter& interpreter) : interpreter_(interpreter), previous_(interpreter.output_) {
    interpreter.output_ = &text;
  }
  ~Capture() { interpreter_.output_ = previous_; }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  std::string text;

 private:
  Interpreter& interpreter_;
  std::string* previous_;
};

/// The variable that a name refers to.
inline std::optional<Value>& slot_of(const ScopePtr& scope, Reference reference) {
  Scope* found = scope.get();
  for (; reference.hops > 0; --reference.hops) found = found->parent.get();
  return found->slots[reference.slot];
}

}  // namespace realizar::text::jinja
