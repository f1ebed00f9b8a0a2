#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "fusion/device.hpp"
#include "model/generation.hpp"
#include "model/kv_pages.hpp"
#include "model/sampler.hpp"
#include "model/stop_strings.hpp"

namespace realizar::model {

/// What a scheduler has to know of its model and device.
struct SchedulerOptions {
  int32_t n_vocab = 0;
  size_t n_context = 0;           ///< positions of the longest sequence
  size_t max_batch_tokens = 512;  ///< as of the device
  /// Whether a token ends the generation; empty: none does.
  std::function<bool(int32_t token)> ends_generation;
  /// The bytes of a token, for `Sampler`; may be empty.
  std::function<std::string(int32_t token)> token_text;
  /// A decoder for a sequence that begins; empty: generations have no text, so no stop strings either.
  std::function<TextDecoder()> new_decoder;
};

/// Serves any number of generations with one device: each batch holds the next token of every generation that
/// decodes and, in the room left, parts of the prompts that wait. What a generation yields does not depend on
/// its company.
///
/// With a device that chooses tokens, batches run up to `most_ahead` before the one whose tokens are read;
/// what they compute behind the end of a generation is dropped. Where one of a batch needs the host to
/// choose, all of it is read before the next begins.
///
/// A generation starts when the cache has room for all it may come to need, first come first served, so none
/// that has started has to stop for the others' sake. One thread at a time may call `submit` and `step`.
class Scheduler {
 public:
  Scheduler(fusion::Device& device, KvPages& pages, SchedulerOptions options);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// Throws invalid_argument for an empty prompt, a token outside the vocabulary or impossible settings,
  /// limit_exceeded for a prompt longer than the context.
  std::shared_ptr<Generation> submit(GenerationRequest request);

  /// Starts one batch and reads those that are due. False when no generation is left.
  bool step();

  static constexpr size_t most_ahead = 3;

  /// Steps until this generation is done.
  const GenerationResult& finish(const Generation& generation);

 private:
  using Clock = std::chrono::steady_clock;

  struct Job {
    GenerationRequest request;
    std::shared_ptr<Generation> generation;
    Sampler sampler;
    TextDecoder decoder;
    StopStrings stop;
    Clock::time_point submitted;
    bool on_device = false;           ///< whether the device chooses its tokens
    int32_t n_reserved = 0;           ///< pages it may come to hold
    std::optional<int32_t> sequence;  ///< once it has started
    size_t n_run = 0;                 ///< of its tokens, how many are computed or in a batch
    size_t n_ahead = 0;               ///< tokens that batches choose which are not read yet
    std::optional<int32_t> last_row;  ///< of the batch started last, the asking row that chooses its token

    size_t n_tokens() const { return request.prompt.size() + generation->result_.tokens.size(); }
    /// A token of the sequence; for the one that is being chosen what stands for it in a batch.
    int32_t token(size_t index) const;
    bool decodes() const { return n_run >= request.prompt.size(); }
    bool may_decode(size_t n_context) const;
    double seconds() const { return std::chrono::duration<double>(Clock::now() - submitted).count(); }
  };

  /// What a batch computes of a job: tokens [first, first + n).
  struct Part {
    std::shared_ptr<Job> job;
    size_t first, n;
    bool asks;  ///< for logits
  };
  struct Started {
    std::vector<Part> parts;
    std::unique_ptr<fusion::StartedBatch> batch;
  };

  void start_waiting();
  std::vector<Part> fill_batch();
  Part add_to_batch(const std::shared_ptr<Job>& job, int32_t row, size_t n_tokens);
  void start_batch(std::vector<Part> parts);
  void read_batch();
  void read_part(const Part& part, const fusion::BatchResult& result, size_t row);
  void take_token(Job& job, int32_t token);
  bool show(Job& job, const std::string& piece);
  void end(Job& job, StopReason reason);
  void fail_job(Job& job);
  void close(Job& job);
  /// Runs `act`; what it throws ends this job alone.
  template <class Act>
  void guard(Job& job, Act act);

  fusion::Device& device_;
  KvPages& pages_;
  SchedulerOptions options_;
  std::deque<std::shared_ptr<Job>> waiting_;
  std::vector<std::shared_ptr<Job>> running_;
  std::deque<Started> started_;  ///< batches that are not read yet
  int32_t n_reserved_ = 0;
  size_t turn_ = 0;  ///< the running job that is served first when not all find room in a batch

  // The batch that is being put together, and the sequences of its rows.
  std::vector<int32_t> tokens_, positions_, rows_;
  std::vector<uint8_t> wants_logits_;
  std::vector<fusion::TokenChoice> choices_;
  std::vector<KvPages::Copy> copies_;
};

}  // namespace realizar::model
