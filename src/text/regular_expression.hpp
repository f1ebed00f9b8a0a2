#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace realizar::text {

/// A Perl-compatible regular expression over plain bytes. Matching is bounded in steps and memory.
class RegularExpression {
 public:
  explicit RegularExpression(std::string_view pattern);
  ~RegularExpression();
  RegularExpression(RegularExpression&&) noexcept;
  RegularExpression& operator=(RegularExpression&&) noexcept;

  enum class Result { match, no_match, limit_reached };

  struct Match {
    std::size_t begin, end;
  };

  /// Finds matches in one subject after the other; not for two threads at once.
  class Matcher {
   public:
    explicit Matcher(const RegularExpression& expression);
    ~Matcher();
    /// The first match at or behind `start`. What stands before `start` is seen by look-behind.
    Result find(std::string_view subject, std::size_t start, Match& match);

   private:
    struct State;
    std::unique_ptr<State> state_;
  };

 private:
  struct Code;
  std::unique_ptr<Code> code_;
};

}  // namespace realizar::text
