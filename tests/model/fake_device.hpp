#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "fusion/device.hpp"
#include "model/samplers/step.hpp"

namespace realizar::model {

/// What a device is asked to choose: the samplers themselves, and a draw.
inline int32_t choose(std::span<const float> logits, const fusion::TokenChoice& choice) {
  const SamplerSettings settings{.min_keep = choice.min_keep,
                                 .temperature = choice.temperature,
                                 .top_k = choice.top_k,
                                 .top_p = choice.top_p,
                                 .min_p = choice.min_p};
  SequenceState state;
  Candidates candidates;
  candidates.gather(logits);
  for (const SamplerStep* step : {&top_k_step, &top_p_step, &min_p_step, &temperature_step})
    if (step->active(settings)) step->apply(candidates, {settings, state, 0});
  candidates.normalise();
  candidates.sort_first(candidates.size());
  double sum = 0;
  size_t chosen = 0;
  while (chosen + 1 < candidates.size() && choice.random >= (sum += candidates[chosen].probability)) ++chosen;
  return candidates[chosen].id;
}

/// A device whose "keys and values" at a position are a hash of all tokens up to there, computed from the
/// entry of the position before as it finds it in the pages. Logits are made from that hash: a page that is
/// lost, mixed up or overwritten changes them. If asked to, it chooses tokens.
class FakeDevice : public fusion::Device {
 public:
  FakeDevice(int32_t n_vocab, size_t n_pages, bool chooses = false)
      : n_vocab_(n_vocab), chooses_(chooses), pages_(n_pages) {}

  void reserve_kv(int n_pages) override { pages_.assign(static_cast<size_t>(n_pages), {}); }

  void copy_page(int from, int to) override {
    pages_[static_cast<size_t>(to)] = pages_[static_cast<size_t>(from)];
  }

  std::span<const float> run(const fusion::Batch& batch) override {
    largest_batch = std::max(largest_batch, batch.tokens.size());
    ++n_batches;
    n_tokens += batch.tokens.size();
    if (batch.gpu_seconds) *batch.gpu_seconds += gpu_batch_seconds;
    logits_.clear();
    for (size_t i = 0; i < batch.tokens.size(); ++i) {
      const auto table = batch.page_tables[static_cast<size_t>(batch.sequences[i])];
      const int32_t position = batch.positions[i];
      const uint64_t before = position == 0 ? 1 : entry(table, position - 1);
      const uint64_t hash = mix(before ^ mix(static_cast<uint64_t>(batch.tokens[i]) + 1));
      entry(table, position) = hash;
      if (batch.wants_logits[i] == 0) continue;
      for (int32_t id = 0; id < n_vocab_; ++id) {
        const uint64_t bits = mix(hash + static_cast<uint64_t>(id));
        logits_.push_back(static_cast<float>(bits % 1000) / 100);
      }
    }
    if (fail_next) {
      fail_next = false;
      fail(ErrorKind::out_of_memory, "the fake device was told to fail");
    }
    return logits_;
  }

  int most_candidates() const override { return chooses_ ? 64 : 0; }

  std::unique_ptr<fusion::StartedBatch> start(const fusion::Batch& batch,
                                              std::span<const fusion::TokenChoice> choices) override {
    if (!chooses_) return Device::start(batch, choices);
    std::vector<int32_t> tokens(batch.tokens.begin(), batch.tokens.end());
    for (int32_t& token : tokens)
      if (token < 0) token = chosen_.at(static_cast<size_t>(-1 - token));
    fusion::Batch known = batch;
    known.tokens = tokens;
    auto started = std::make_unique<Started>(*this);
    run(known);
    bool host_chooses = false;
    chosen_.clear();
    for (size_t row = 0; row < choices.size(); ++row) {
      const auto n = static_cast<size_t>(n_vocab_);
      const bool is_chosen = choices[row].top_k > 0;
      chosen_.push_back(is_chosen ? choose(std::span(logits_).subspan(row * n, n), choices[row]) : 0);
      host_chooses = host_chooses || !is_chosen;
    }
    if (next_token) chosen_.assign(chosen_.size(), *std::exchange(next_token, std::nullopt));
    started->tokens = chosen_;
    if (host_chooses) started->logits = logits_;
    most_started = std::max(most_started, ++n_started_);
    return started;
  }

  fusion::DeviceMemory memory() const override { return {}; }
  const fusion::Plan& plan() const override { return plan_; }
  std::string gpu() const override { return ceilings ? "fake" : ""; }
  std::optional<fusion::GpuCeilings> measure_ceilings() override { return ceilings; }

  size_t largest_batch = 0, n_batches = 0, n_tokens = 0;
  size_t most_started = 0;  // at once
  bool fail_next = false;
  static constexpr double gpu_batch_seconds = 0.25;
  std::optional<fusion::GpuCeilings> ceilings;  // where it plays a GPU
  std::optional<int32_t> next_token;  // in the place of what is chosen next

 private:
  struct Started : fusion::StartedBatch {
    explicit Started(FakeDevice& made_by) : device(made_by) {}
    ~Started() override { --device.n_started_; }
    fusion::BatchResult result() override { return {tokens, logits}; }

    FakeDevice& device;
    std::vector<int32_t> tokens;
    std::vector<float> logits;
  };

  static uint64_t mix(uint64_t x) {
    x = (x ^ (x >> 31)) * 0x9E3779B97F4A7C15u;
    return x ^ (x >> 29);
  }

  uint64_t& entry(std::span<const int32_t> table, int32_t position) {
    const auto in_page = static_cast<size_t>(position % fusion::page_positions);
    std::vector<uint64_t>& page =
        pages_.at(static_cast<size_t>(table[static_cast<size_t>(position / fusion::page_positions)]));
    page.resize(fusion::page_positions);
    return page[in_page];
  }

  int32_t n_vocab_;
  bool chooses_;
  size_t n_started_ = 0;
  std::vector<int32_t> chosen_;
  std::vector<std::vector<uint64_t>> pages_;
  std::vector<float> logits_;
  fusion::Plan plan_;
};

}  // namespace realizar::model
