#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "text/collapsed_pattern.hpp"
#include "text/pre_tokenizer_table.hpp"
#include "text/regular_expression.hpp"

namespace realizar::text {

/// Cuts text into the pieces that byte-level pair encoding merges within.
class PreTokenizer {
 public:
  explicit PreTokenizer(const PreTokenizerTraits& traits);

  /// The lengths of the pieces, in code points; they add up to the text.
  std::vector<std::uint32_t> split(const std::vector<std::uint32_t>& code_points) const;

 private:
  struct Step {
    SplitKind kind;
    std::unique_ptr<CollapsedPattern> pattern;
    std::unique_ptr<RegularExpression> expression;
  };
  std::vector<Step> steps_;
};

}  // namespace realizar::text
