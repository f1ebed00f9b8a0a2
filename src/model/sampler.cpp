#include "model/sampler.hpp"

#include <algorithm>
#include <random>

#include "base/error.hpp"
#include "base/math.hpp"

namespace realizar::model {
namespace {

uint64_t fresh_seed() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

std::string known_names() {
  std::string names;
  for (const SamplerStep* step : sampler_steps()) names += concat(names.empty() ? "" : ", ", step->name);
  return names;
}

const SamplerStep* find_step(const std::string& name) {
  for (const SamplerStep* step : sampler_steps())
    if (name == step->name) return step;
  fail(ErrorKind::invalid_argument, "no sampler is called \"", name, "\"; the known ones are ",
       known_names());
}

/// The steps named in `order`, logit_bias before them unless it is named.
std::vector<const SamplerStep*> parse_order(const std::string& order) {
  std::vector<const SamplerStep*> steps;
  for (size_t start = 0; start < order.size();) {
    const size_t end = std::min(order.find(';', start), order.size());
    const SamplerStep* step = find_step(order.substr(start, end - start));
    require(std::find(steps.begin(), steps.end(), step) == steps.end(), ErrorKind::invalid_argument,
            "the sampler ", step->name, " stands twice in the order \"", order, "\": name it once");
    steps.push_back(step);
    start = end + 1;
  }
  if (std::find(steps.begin(), steps.end(), &logit_bias_step) == steps.end())
    steps.insert(steps.begin(), &logit_bias_step);
  return steps;
}

/// Mirostat decides alone how many candidates stay, and does so last.
std::vector<const SamplerStep*> put_mirostat(std::vector<const SamplerStep*> steps) {
  std::vector<const SamplerStep*> result;
  for (const SamplerStep* step : steps)
    if (!step->truncates) result.push_back(step);
  result.push_back(&mirostat_step);
  return result;
}

}  // namespace

Sampler::Sampler(SamplerSettings settings, std::function<std::string(int32_t)> token_text)
    : settings_(std::move(settings)),
      seed_(settings_.seed ? *settings_.seed : fresh_seed()),
      greedy_(settings_.temperature == 0 && settings_.dynamic_temperature_range == 0),
      order_(parse_order(settings_.order)) {
  for (const SamplerStep* step : sampler_steps()) step->check(settings_);
  require(settings_.min_keep >= 1, ErrorKind::invalid_argument, "min_keep is ", settings_.min_keep,
          ": at least 1 candidate must stay");
  if (mirostat_step.active(settings_)) order_ = put_mirostat(std::move(order_));
  for (const SamplerStep* step : order_)
    if (step->active(settings_) && !(greedy_ && step->keeps_best)) active_.push_back(step);
  state_.token_text = std::move(token_text);
}

int32_t Sampler::sample(std::span<const float> logits) {
  if (greedy_ && active_.empty()) return most_likely(logits);
  run_steps(logits);
  if (greedy_) return candidates_.best().id;

  candidates_.normalise();
  const StepInput input{settings_, state_, seed_};
  const double target = input.uniform(DrawPurpose::token);
  // In rank order, which does not depend on the order of the samplers; the draw mostly falls on one of the
  // first few.
  double sum = 0;
  size_t index = 0, chosen = 0, ahead = 64;
  for (; index < candidates_.size(); ++index) {
    if (index >= ahead) ahead *= 4;
    candidates_.sort_first(ahead);
    const double probability = candidates_[index].probability;
    if (probability == 0)
      break;  // only less likely ones follow; the sum fell short of the target by rounding
    chosen = index;
    sum += probability;
    if (target < sum) break;
  }
  const Candidate& drawn = candidates_[chosen];
  if (mirostat_step.active(settings_))
    state_.drawn = {drawn.id, -portable_log(drawn.probability * state_.kept_probability) / portable_log(2)};
  return drawn.id;
}

std::string Sampler::needs_host(int most_candidates) const {
  if (most_candidates == 0) return "the device chooses no tokens";
  if (greedy_ && active_.empty()) return {};
  constexpr const SamplerStep* on_devices[] = {&top_k_step, &top_p_step, &min_p_step, &temperature_step};
  std::string missing;
  bool in_order = true;
  const SamplerStep* const* next = std::begin(on_devices);
  for (const SamplerStep* step : active_) {
    if (std::find(std::begin(on_devices), std::end(on_devices), step) == std::end(on_devices))
      missing += concat(missing.empty() ? "" : ", ", step->name);
    next = std::find(next, std::end(on_devices), step);
    in_order = in_order && next != std::end(on_devices);
  }
  if (!missing.empty()) return concat("the device has no ", missing);
  if (!in_order) return "the device knows the order top_k, top_p, min_p, temperature only";
  const int most = std::max(settings_.top_k, settings_.min_keep);
  if (active_.empty() || active_.front() != &top_k_step || most > most_candidates)
    return concat("the device chooses among ", most_candidates, " tokens at most: by a top_k up to that");
  if (settings_.dynamic_temperature_range > 0 || settings_.temperature < least_temperature)
    return "the device has no dynamic temperature, nor one next to 0";
  return {};
}

fusion::TokenChoice Sampler::choice(size_t n_ahead) const {
  if (greedy_) return {.top_k = 1};
  const auto is_active = [&](const SamplerStep& step) {
    return std::find(active_.begin(), active_.end(), &step) != active_.end();
  };
  return {.top_k = std::max(settings_.top_k, settings_.min_keep),
          .top_p = is_active(top_p_step) ? settings_.top_p : 1,
          .min_p = is_active(min_p_step) ? settings_.min_p : 0,
          .min_keep = settings_.min_keep,
          .temperature = is_active(temperature_step) ? settings_.temperature : 1,
          .random = uniform(seed_, state_.tokens.size() + n_ahead, DrawPurpose::token)};
}

void Sampler::accept(int32_t token) {
  for (const SamplerStep* step : active_)
    if (step->accept != nullptr) step->accept(token, settings_, state_);
  state_.tokens.push_back(token);
  state_.drawn.reset();
}

std::vector<Candidate> Sampler::distribution(std::span<const float> logits) {
  run_steps(logits);
  if (greedy_) candidates_.keep_first(1);
  candidates_.normalise();
  candidates_.sort_first(candidates_.size());
  return {candidates_.begin(), candidates_.end()};
}

std::string Sampler::describe() const {
  std::string on, off;
  for (const SamplerStep* step : order_) {
    if (step->active(settings_) && std::find(active_.begin(), active_.end(), step) != active_.end())
      on += concat(step->name, step->describe(settings_), " -> ");
    else
      off += concat(off.empty() ? "" : ", ", step->name);
  }
  on += greedy_ ? "most likely token" : concat("draw (seed ", seed_, ")");
  return off.empty() ? on : concat(on, "; off: ", off);
}

void Sampler::run_steps(std::span<const float> logits) {
  for (const auto& [id, bias] : settings_.logit_bias)
    require(static_cast<size_t>(id) < logits.size(), ErrorKind::invalid_argument, "a logit bias names token ",
            id, " of a vocabulary of ", logits.size(), ": give an id below that");
  candidates_.gather(logits);
  const StepInput input{settings_, state_, seed_};
  for (const SamplerStep* step : active_) step->apply(candidates_, input);
}

}  // namespace realizar::model
