#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "realizar/transformer.hpp"

namespace realizar {

/// What `run_benchmark` measures, and how often.
struct BenchmarkOptions {
  int n_prompt = 512;     ///< tokens of the prompt that prefill computes; 0: no prefill
  int n_decode = 64;      ///< tokens that each stream decodes one after the other; 0: no decode
  int n_repetitions = 5;  ///< of each
  int depth = 0;          ///< positions that stand in the cache before decoding starts
  int n_streams = 1;      ///< sequences that decode together
  /// Once more each, besides what is timed: with a clock at every operator and greedy sampling of the logits.
  bool profile = false;
  /// Called after every repetition with those done and all; it may throw to end the benchmark.
  std::function<void(int n_done, int n_total)> progress;
  /// Called before every batch, so that a benchmark of long repetitions can end soon: by throwing.
  std::function<void()> before_batch;
};

/// Tokens per second over the repetitions.
struct Rates {
  std::vector<double> all;  ///< in the order they were measured
  double min() const;
  double median() const;
  double max() const;
};

/// Where the time of a phase goes, as the calling thread sees it.
struct Profile {
  struct Part {
    /// A kind of operator of the fused plan (`describe_plan`); or "inputs", the norms and the quantisation
    /// that products begin with; "rope_angles"; "sampling"; "rest", what stands between batches.
    std::string name;
    int64_t n = 0;  ///< times that it was done
    double seconds = 0;
    double waiting = 0;  ///< of these, for the other threads
  };
  std::vector<Part> parts;  ///< the longest first; empty where nothing was profiled
  double seconds = 0;       ///< of all parts
};

/// Weights that a token is multiplied with, by arithmetic. The products of attention are not among them.
struct MultiplyAdds {
  double int8 = 0, int16 = 0, f32 = 0;
  double total() const { return int8 + int16 + f32; }
};

/// What `run_benchmark` measured.
struct BenchmarkResult {
  Rates prefill, decode;  ///< by wall clock; decode: of all streams together
  /// Tokens per second by the clock of the GPU, over one more repetition: without what the host does, which
  /// is encoding, submission and waiting. 0 on a CPU and on a GPU without a clock.
  double prefill_by_gpu_clock = 0, decode_by_gpu_clock = 0;
  Profile prefill_profile, decode_profile;
  /// Of memory with the same number of threads, or of the GPU's own by a kernel that only reads, bytes per
  /// second: the median over the repetitions of decode (of prefill, where nothing is decoded).
  double read_bandwidth = 0;
  uint64_t bytes_per_token = 0;  ///< read for one decoded token at `depth`; weights are shared by the streams
  /// Of the read bandwidth, what decoding at its median rate uses.
  double bandwidth_share() const;

  /// Multiply-adds per second that the same number of threads do with all operands in registers: in bytes, as
  /// fast arithmetic multiplies quantised weights, and in f32, as all others are multiplied. Medians over the
  /// repetitions of prefill (of decode, where nothing is prefilled). 0 on a GPU, where they are not measured.
  double int8_peak = 0, f32_peak = 0;
  /// Of a prompt only the last token meets the output matrix: those multiply-adds are shared among all of it.
  MultiplyAdds macs_per_prompt_token, macs_per_decoded_token;
  /// Tokens per second of a prefill that did nothing but these multiply-adds, at both peaks.
  double prefill_limit() const;
  /// Of that limit, what prefill at its median rate reaches.
  double prefill_share() const;

  /// The least seconds on a GPU: of a kernel that does next to nothing in a chain of such, of the host to
  /// encode one, to submit one and wait for it. 0 on a CPU.
  double dispatch_seconds = 0, encode_seconds = 0, submit_seconds = 0;
  /// On a GPU: whether decoded tokens are looked up and chosen there (the most likely), without a round trip.
  bool device_chooses_tokens = false;
  int64_t dispatches_per_token = 0;  ///< that decoding takes on a GPU (`describe_plan_on_gpu`)
};

/// Times prefill and decode of arbitrary tokens, without sampling (but where a GPU does it, which then goes
/// on with the tokens it chose), and takes the read bandwidth and the peaks of arithmetic between the
/// repetitions. Throws `Error`: invalid_argument for counts below those above and where neither prefill nor
/// decode is asked for, limit_exceeded when prompt or depth + n_decode exceed the context or the cache has no
/// room for the streams, out_of_memory.
BenchmarkResult run_benchmark(GGUFTransformer& model, const BenchmarkOptions& options = {});

/// As few bytes as make the caches of this machine matter little to a reading of them all; 128 MiB or more.
uint64_t bytes_beyond_caches();

/// Bytes per second that `n_threads` read from memory together, the best of several loops over `n_bytes` for
/// about `seconds`. Throws out_of_memory.
double measure_read_bandwidth(int n_threads, double seconds = 0, uint64_t n_bytes = uint64_t{1} << 30);

}  // namespace realizar
