#pragma once

#include <map>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "fusion/device.hpp"

namespace realizar::model {

/// A device whose "keys and values" at a position are a hash of all tokens up to there, computed from the
/// entry of the position before as it finds it in the pages. Logits are made from that hash: a page that is
/// lost, mixed up or overwritten changes them.
class FakeDevice : public fusion::Device {
 public:
  FakeDevice(int32_t n_vocab, size_t n_pages) : n_vocab_(n_vocab), pages_(n_pages) {}

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

  fusion::DeviceMemory memory() const override { return {}; }
  const fusion::Plan& plan() const override { return plan_; }
  std::string gpu() const override { return ceilings ? "fake" : ""; }
  std::optional<fusion::GpuCeilings> measure_ceilings() override { return ceilings; }

  size_t largest_batch = 0, n_batches = 0, n_tokens = 0;
  bool fail_next = false;
  static constexpr double gpu_batch_seconds = 0.25;
  std::optional<fusion::GpuCeilings> ceilings;  // where it plays a GPU

 private:
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
  std::vector<std::vector<uint64_t>> pages_;
  std::vector<float> logits_;
  fusion::Plan plan_;
};

}  // namespace realizar::model
