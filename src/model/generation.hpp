#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <string>

#include "realizar/generation.hpp"

namespace realizar::model {

/// Turns the tokens of one sequence into text, whole UTF-8 characters only.
struct TextDecoder {
  std::function<std::string(int32_t token)> push;  ///< the text that is complete with this token
  std::function<std::string()> finish;             ///< what is left at the end
};

/// A generation that a `Scheduler` works on.
class Generation {
 public:
  /// Ends it before its next token. May be called from any thread.
  void cancel() { cancelled_ = true; }

  bool done() const { return done_; }

  /// What has come of it so far. Throws what went wrong, if something did.
  const GenerationResult& result() const {
    if (error_) std::rethrow_exception(error_);
    return result_;
  }

 private:
  friend class Scheduler;
  std::atomic<bool> cancelled_ = false;
  std::atomic<bool> done_ = false;
  std::exception_ptr error_;
  GenerationResult result_;
};

}  // namespace realizar::model
