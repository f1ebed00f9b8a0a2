#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.hpp"
#include "model/samplers/step.hpp"

namespace realizar::model {
namespace {

/// For each i, how many of the last tokens also stand before token i (counted from the end of the sequence):
/// the Z-algorithm over the sequence read backwards, linear in its length (Gusfield, "Algorithms on Strings,
/// Trees, and Sequences", 1997, section 1.4).
std::vector<size_t> repeat_lengths(std::span<const int32_t> tokens) {
  const size_t n = tokens.size();
  const auto from_end = [&](size_t i) { return tokens[n - 1 - i]; };
  std::vector<size_t> lengths(n, 0);
  size_t left = 0, right = 0;  // the match found so far that reaches furthest is [left, right)
  for (size_t i = 1; i < n; ++i) {
    size_t length = i < right ? std::min(right - i, lengths[i - left]) : 0;
    while (i + length < n && from_end(length) == from_end(i + length)) ++length;
    lengths[i] = length;
    if (i + length > right) {
      left = i;
      right = i + length;
    }
  }
  return lengths;
}

bool contains_breaker(const std::string& text, const SamplerSettings& s) {
  return std::any_of(s.dry_sequence_breakers.begin(), s.dry_sequence_breakers.end(),
                     [&](const std::string& breaker) { return text.find(breaker) != std::string::npos; });
}

/// base^exponent, saturated far below what overflows a float.
float power(float base, size_t exponent) {
  double result = 1;
  while (exponent-- > 0 && result < 1e30) result *= base;
  return static_cast<float>(std::min(result, 1e30));
}

void apply_dry(Candidates& candidates, const StepInput& in) {
  const SamplerSettings& s = in.settings;
  const std::span<const int32_t> all = in.state.tokens;
  const size_t window =
      s.dry_last_n < 0 ? all.size() : std::min(all.size(), static_cast<size_t>(s.dry_last_n));
  const auto allowed = static_cast<size_t>(s.dry_allowed_length);
  const size_t longest = std::min(window, in.state.tokens_since_break);
  if (longest < allowed) return;

  const std::span<const int32_t> tokens = all.last(window);
  const std::vector<size_t> lengths = repeat_lengths(tokens);
  // The token that followed an earlier occurrence of the last tokens would lengthen the repeat.
  std::map<int32_t, size_t> repeat_of;
  for (size_t i = 1; i < window; ++i) {
    const size_t length = std::min(lengths[i], longest);
    if (length < allowed || length == 0) continue;
    size_t& repeat = repeat_of[tokens[window - i]];
    repeat = std::max(repeat, length);
  }
  for (const auto& [token, length] : repeat_of) {
    if (in.state.token_text && contains_breaker(in.state.token_text(token), s)) continue;
    const float penalty = s.dry_multiplier * power(s.dry_base, length - allowed);
    candidates.change_one(token, [&](float logit) { return logit - penalty; });
  }
}

/// Follows the text, so that a breaker is found wherever token borders fall.
void accept_dry(int32_t token, const SamplerSettings& s, SequenceState& state) {
  ++state.tokens_since_break;
  if (!state.token_text) return;
  state.text_tail += state.token_text(token);
  if (contains_breaker(state.text_tail, s)) state.tokens_since_break = 0;
  size_t longest = 0;
  for (const std::string& breaker : s.dry_sequence_breakers) longest = std::max(longest, breaker.size());
  // What is kept is shorter than a breaker that has been counted: after one was found, nothing before its end
  // counts.
  const size_t keep = state.tokens_since_break == 0 ? 0 : longest > 0 ? longest - 1 : 0;
  if (state.text_tail.size() > keep) state.text_tail.erase(0, state.text_tail.size() - keep);
}

}  // namespace

// "Don't Repeat Yourself": a penalty of multiplier * base^(length - allowed length) on a token that would
// lengthen a repeat of what already stands in the sequence. P. E. Weidmann, oobabooga/text-generation-webui
// pull request 5677.
const SamplerStep dry_step = {
    .name = "dry",
    .active = [](const SamplerSettings& s) { return s.dry_multiplier != 0 && s.dry_last_n != 0; },
    .check =
        [](const SamplerSettings& s) {
          require(s.dry_multiplier >= 0 && std::isfinite(s.dry_multiplier) && s.dry_multiplier <= 1e6f,
                  ErrorKind::invalid_argument, "dry_multiplier is ", s.dry_multiplier,
                  ": it must be from 0 (off) to 1e6");
          require(s.dry_base >= 1 && std::isfinite(s.dry_base), ErrorKind::invalid_argument, "dry_base is ",
                  s.dry_base, ": it must be at least 1");
          require(s.dry_allowed_length >= 0 && s.dry_last_n >= -1, ErrorKind::invalid_argument,
                  "dry_allowed_length is ", s.dry_allowed_length, " and dry_last_n ", s.dry_last_n,
                  ": the length must not be negative, the number of tokens 0 (none), -1 (all) or more");
          for (const std::string& breaker : s.dry_sequence_breakers)
            require(!breaker.empty(), ErrorKind::invalid_argument,
                    "a DRY sequence breaker is empty: leave it out");
        },
    .apply = apply_dry,
    .describe =
        [](const SamplerSettings& s) {
          return concat("(multiplier ", s.dry_multiplier, ", base ", s.dry_base, ", allowed length ",
                        s.dry_allowed_length, ", last ", s.dry_last_n, ")");
        },
    .keeps_best = false,
    .truncates = false,
    .accept = accept_dry,
};

}  // namespace realizar::model
