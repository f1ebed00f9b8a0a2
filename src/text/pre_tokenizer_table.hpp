#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace realizar::text {

/// What a step does with each piece that the step before it left.
enum class SplitKind : std::uint8_t {
  pattern,  ///< the matches of `pattern` and the texts between them become pieces
  // Groups of three in a run of numbers, counted from its end so that the first group may be shorter:
  numbers_by_three,  ///< cuts behind each, and leaves the first with the text before it
  digits_by_three,   ///< cuts before each that is whole; ASCII digits only
};

struct SplitStep {
  SplitKind kind = SplitKind::pattern;
  const char* pattern = nullptr;  ///< in the language of CollapsedPattern
};

/// One published name of `tokenizer.ggml.pre`: how text is split, and what else follows from the name.
struct PreTokenizerTraits {
  const char* name;
  std::vector<SplitStep> steps;
  bool ignore_merges = false;   ///< a piece that is a token is that token, whatever the merges say
  bool add_bos = false;         ///< where the file does not say
  bool no_default_bos = false;  ///< no token begins a sequence where the file names none
  bool raw_utf8 = false;        ///< tokens spell characters themselves, and <0xNN> a byte
  bool escape_spaces = false;   ///< tokens spell a space as U+2581
};

/// Throws `Error` of kind unsupported that lists the known names.
const PreTokenizerTraits& pre_tokenizer_traits(std::string_view name);

std::vector<std::string_view> pre_tokenizer_names();

}  // namespace realizar::text
