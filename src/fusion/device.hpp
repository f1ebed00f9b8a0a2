#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fusion/op_times.hpp"
#include "fusion/plan.hpp"
#include "kernels/kernel_table.hpp"
#include "tensor/matrix.hpp"

namespace realizar::fusion {

using tensor::Arithmetic;

/// How keys and values are stored.
using KvType = kernels::KvFormat;

/// Positions in one page of the KV cache; tiles of attention are aligned to it.
inline constexpr int page_positions = kernels::kv_tile;

/// One step of work: tokens of any number of sequences. All spans of (n_tokens) run in parallel; a sequence's
/// tokens stand together with ascending positions, and all its earlier positions are already in its pages.
struct Batch {
  std::span<const int32_t> tokens;        // (n_tokens); Device::start says what those below 0 stand for
  std::span<const int32_t> positions;     // (n_tokens)
  std::span<const int32_t> sequences;     // (n_tokens), index into page_tables
  std::span<const uint8_t> wants_logits;  // (n_tokens), 1 where logits are asked for
  /// For each sequence the physical page of every 64 positions; covers the positions of this batch.
  std::span<const std::span<const int32_t>> page_tables;
  /// (n_tokens, width of the stream): where the plan is the second part of a split one, what the first gave.
  std::span<const float> rows = {};
  OpTimes* times = nullptr;  // where the time of every op goes, if anywhere
  double* gpu_seconds =
      nullptr;  // what the time of the batch is added to by a GPU that has a clock, if anything
};

/// What a device is asked to be.
struct DeviceOptions {
  int n_threads = 0;  // 0: the physical cores
  Arithmetic arithmetic = Arithmetic::fast;
  KvType kv_type = KvType::f16;
  int max_batch_tokens = 512;
  uint64_t gpu_memory_limit = 0;  // bytes that a GPU may be asked for; 0: all that it has
  /// Called during prepare() with bytes done and bytes in all.
  std::function<void(uint64_t, uint64_t)> progress;
};

/// Bytes a device holds.
struct DeviceMemory {
  uint64_t weights = 0;
  uint64_t activations = 0;
  uint64_t kv_page = 0;   // one page of all layers
  uint64_t kv_pages = 0;  // all pages together
};

/// What a GPU does at best, to hold what it does against.
struct GpuCeilings {
  double read_bandwidth = 0;    // bytes a second
  double dispatch_seconds = 0;  // of the GPU, for a kernel that does next to nothing after another one
  double encode_seconds = 0;    // of the host, to record such a kernel
  double submit_seconds = 0;    // to submit one and wait for it
};

/// How a device chooses a token by a row of logits, as the sampler would: of the `top_k` that rank first (of
/// equal logits the lower id) those that top_p and then min_p leave, and of these one at random.
struct TokenChoice {
  int top_k = 0;  // 0: none is chosen, the host gets the logits; 1: the most likely
  float top_p = 1;
  float min_p = 0;
  int min_keep = 1;  // candidates that top_p and min_p leave at least
  float temperature = 1;
  double random = 0;  // in [0, 1)
};

/// In the place of a token that cannot be chosen: every logit is -infinity.
inline constexpr int32_t all_ruled_out = std::numeric_limits<int32_t>::min();

/// Of the rows of a batch that ask for logits.
struct BatchResult {
  /// (n_asked) where they were chosen; else all_ruled_out, or -1 - id where the logit of `id`, the first
  /// such, is NaN or +infinity.
  std::span<const int32_t> tokens;
  std::span<const float> logits;  // (n_asked, n_vocab), if any row has no choice
};

/// A batch that a device may still be computing. It may go before that: what comes of it is forgotten.
class StartedBatch {
 public:
  virtual ~StartedBatch() = default;
  /// Waits. What it gives is valid as long as this, and logits until the next call of the device.
  virtual BatchResult result() = 0;
};

/// Runs a plan. One thread at a time may call a device.
class Device {
 public:
  virtual ~Device() = default;

  /// Makes room for `n_pages` pages of the KV cache, dropping what the cache held. Throws out_of_memory.
  virtual void reserve_kv(int n_pages) = 0;

  /// Copies one page of all layers (copy-on-write of a shared prefix).
  virtual void copy_page(int from, int to) = 0;

  /// Runs a batch of at most max_batch_tokens tokens. Returns the logits (n_asked, n_vocab), valid until the
  /// next call. Throws invalid_argument for a token outside the vocabulary or a position outside its pages.
  virtual std::span<const float> run(const Batch& batch) = 0;

  /// The largest TokenChoice::top_k; 0: it chooses no tokens.
  virtual int most_candidates() const { return 0; }

  /// Runs a batch as `run` does, chooses a token for each row that asks for logits (choices: (n_asked)), and
  /// need not wait: batches are run in the order they were started in. A token -1 - i is the one that row i
  /// of the rows that asked in the batch started before chose, whatever it is. A device that chooses no
  /// tokens runs the batch at once.
  virtual std::unique_ptr<StartedBatch> start(const Batch& batch, std::span<const TokenChoice> choices);

  virtual DeviceMemory memory() const = 0;

  /// The name of the GPU it is; empty where it is the CPU.
  virtual std::string gpu() const { return {}; }

  /// Measures its GPU, in some tens of milliseconds; nothing where that does not do all of the work. Throws
  /// out_of_memory.
  virtual std::optional<GpuCeilings> measure_ceilings() { return std::nullopt; }

  /// The kernels that a GPU runs for one more token of a sequence, with logits: for each op of `plan()` their
  /// names. None where it is the CPU, and before the cache has pages.
  virtual KernelNames kernels_of_token() { return {}; }

  /// The plan as this device runs it, after fusion.
  virtual const Plan& plan() const = 0;
};

/// The CPU device: packs the plan's weights into panels (dropping the source pages behind itself through
/// `release(bytes)`, if given) and lays out the activations.
std::unique_ptr<Device> make_cpu_device(Plan plan, const DeviceOptions& options,
                                        const std::function<void(std::span<const std::byte>)>& release = {});

}  // namespace realizar::fusion
