#include "cli/sampler_options.hpp"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <type_traits>

#include "cli/whole_number.hpp"
#include "realizar/error.hpp"

namespace realizar::cli {
namespace {

std::pair<int32_t, float> parse_bias(const std::string& text) {
  char* end = nullptr;
  const long id = std::strtol(text.c_str(), &end, 10);
  if (end != text.c_str() && *end == '=' && id >= 0 && id <= INT32_MAX) {
    const char* const number = end + 1;
    const float bias = std::strtof(number, &end);
    if (end != number && *end == '\0' && !std::isnan(bias)) return {static_cast<int32_t>(id), bias};
  }
  throw Error(ErrorKind::invalid_argument,
              "--logit-bias \"" + text + "\" is not ID=BIAS, such as 42=-1.5 or 42=-inf");
}

/// Nothing for -1, which asks for a fresh one.
std::optional<uint64_t> parse_seed(const std::string& text) {
  if (text == "-1") return std::nullopt;
  uint64_t seed = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, seed);
  if (error != std::errc() || rest != end)
    throw Error(
        ErrorKind::invalid_argument,
        "--seed \"" + text + "\" is no whole number from 0 to 18446744073709551615, nor -1 for a fresh one");
  return seed;
}

}  // namespace

SamplerSettings SamplerOptions::sampler_settings() const {
  SamplerSettings result = settings;
  for (const std::string& bias : logit_bias) result.logit_bias.push_back(parse_bias(bias));
  if (!seed.empty()) result.seed = parse_seed(seed);
  if (!dry_sequence_breakers.empty()) result.dry_sequence_breakers = dry_sequence_breakers;
  if (dry_sequence_breakers == std::vector<std::string>{"none"}) result.dry_sequence_breakers.clear();
  return result;
}

void add_sampler_options(CLI::App& command, SamplerOptions& options) {
  SamplerSettings& s = options.settings;
  const auto add = [&command](const char* names, auto& value, const char* help) {
    CLI::Option* option = command.add_option(names, value, help)->capture_default_str()->group("Sampling");
    if constexpr (std::is_integral_v<std::decay_t<decltype(value)>>) whole_number(option);
    return option;
  };
  add("--temperature,--temp", s.temperature, "0: always the most probable token")->type_name("T");
  command
      .add_option("--seed,-s", options.seed,
                  "number that makes sampling repeatable; without it, and for -1, a fresh one")
      ->type_name("S")
      ->group("Sampling");
  add("--top-k", s.top_k, "keep the K most probable tokens; 0: off");
  add("--top-p", s.top_p, "keep the most probable tokens that together have this probability; 1: off");
  add("--min-p", s.min_p, "drop tokens below this share of the best one's probability; 0: off");
  add("--typical-p", s.typical_p, "locally typical sampling; 1: off");
  add("--top-n-sigma", s.top_n_sigma, "keep logits within so many standard deviations of the best; -1: off");
  add("--xtc-probability", s.xtc_probability, "chance to exclude the top choices; 0: off");
  add("--xtc-threshold", s.xtc_threshold, "probability that makes a top choice");
  add("--dynatemp-range", s.dynamic_temperature_range, "the temperature moves by so much with the entropy");
  add("--dynatemp-exponent", s.dynamic_temperature_exponent, "how fast it does");
  add("--repeat-penalty", s.repeat_penalty, "divides the logits of recent tokens; 1: off");
  add("--repeat-last-n", s.penalty_last_n, "how many tokens are recent; -1: all");
  add("--frequency-penalty", s.frequency_penalty, "subtracted once an occurrence; 0: off");
  add("--presence-penalty", s.presence_penalty, "subtracted once; 0: off");
  add("--dry-multiplier", s.dry_multiplier, "penalty on continuing a repetition; 0: off");
  add("--dry-base", s.dry_base, "how fast it grows");
  add("--dry-allowed-length", s.dry_allowed_length, "repetitions up to this length are free");
  add("--dry-last-n", s.dry_last_n, "how many tokens are searched; -1: all");
  command
      .add_option(
          "--dry-sequence-breaker", options.dry_sequence_breakers,
          "text that no counted repetition reaches across, in place of line end, ':', '\"' and '*'; may be "
          "repeated; none: there is no such text")
      ->type_name("TEXT")
      ->allow_extra_args(false)
      ->group("Sampling");
  add("--mirostat", s.mirostat, "1 or 2: this version, in place of the truncating samplers; 0: off");
  add("--mirostat-tau", s.mirostat_tau, "target surprise in bits");
  add("--mirostat-eta", s.mirostat_eta, "learning rate");
  add("--min-keep", s.min_keep, "samplers leave at least so many candidates");
  add("--samplers", s.order, "the samplers in order, separated by ';'");
  command.add_option("--logit-bias", options.logit_bias, "added to the logit of a token; may be repeated")
      ->type_name("ID=BIAS")
      ->allow_extra_args(false)
      ->group("Sampling");
}

void warn_of_host_sampling(const GenerationResult& result) {
  if (!result.host_sampling.empty())
    std::fprintf(stderr, "realizar: tokens are chosen on the CPU, each after a round trip: %s\n",
                 result.host_sampling.c_str());
}

}  // namespace realizar::cli
