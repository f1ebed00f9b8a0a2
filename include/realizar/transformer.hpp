#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "realizar/model_info.hpp"
#include "realizar/options.hpp"
#include "realizar/tokenizer.hpp"

namespace realizar {

/// One turn of a conversation.
struct ChatMessage {
  std::string role;  ///< "system", "user", "assistant", or what else the model's template knows
  std::string content;
};

/// A model in memory, ready to compute: token ids in, logits out. Movable. One thread at a time may use it;
/// the work itself is shared among `LoadOptions::n_threads`.
///
/// Logits are the unnormalised log probabilities of the next token, one f32 for each of n_vocab() ids. The
/// same tokens give the same bits whatever was computed before, and on any number of threads.
class GGUFTransformer {
 public:
  /// Reads and packs the weights. Throws `Error`: io when the file cannot be read, invalid_file when it is
  /// broken or there is no GPU where one is asked for, unsupported for an architecture or a type that is not
  /// known or does not run on a GPU, out_of_memory, invalid_argument for options that cannot be.
  static GGUFTransformer load(const std::filesystem::path& path, const LoadOptions& options = {});

  ~GGUFTransformer();
  GGUFTransformer(GGUFTransformer&&) noexcept;
  GGUFTransformer& operator=(GGUFTransformer&&) noexcept;

  /// Logits (n_tokens, n_vocab), row by row: row i is what follows tokens[0..i]. Throws `Error`:
  /// invalid_argument for no tokens or one outside the vocabulary, limit_exceeded for more than n_context().
  std::vector<float> forward(std::span<const int32_t> tokens);

  /// The rows from `first` on, one at a time: logits (n_vocab) are valid during the call of `row`. Only the
  /// tokens that differ from those of the last call are computed again.
  void forward(std::span<const int32_t> tokens, size_t first,
               const std::function<void(size_t i, std::span<const float> logits)>& row);

  /// The most probable next token; of equal ones the lowest id.
  int32_t predict_next(std::span<const int32_t> tokens);

  /// The ids of a text that is to be continued: texts of special tokens are parsed, and BOS stands in front
  /// where the vocabulary asks for it.
  std::vector<int32_t> encode_prompt(std::string_view text) const;

  /// The text that the model's chat template makes of a conversation, ending where the answer begins. Throws
  /// unsupported when the file has no template, invalid_template when the template refuses the messages.
  std::string render_chat(std::span<const ChatMessage> messages) const;

  /// The ids of `render_chat`, with BOS where the vocabulary asks for it and the template did not write it.
  std::vector<int32_t> encode_chat(std::span<const ChatMessage> messages) const;

  bool has_tokenizer() const;
  /// Throws unsupported when the file has no vocabulary.
  const Tokenizer& tokenizer() const;
  bool has_chat_template() const;

  /// What the file calls the model; may be empty.
  std::string name() const;
  uint64_t n_parameters() const;
  const ModelShape& shape() const;
  int32_t n_vocab() const;
  int n_context() const;  ///< positions of the longest sequence
  int n_threads() const;
  /// Where it computes: "CPU", or the name of a GPU.
  std::string device() const;
  bool on_gpu() const;

  /// What it holds, in bytes: weights as packed, cache and activations as reserved.
  MemoryEstimate memory() const;
  /// Seconds that loading took.
  double load_seconds() const;
  /// Bytes that computing one token reads when `n_positions` stand before it: the tensors of the file it
  /// uses, and the keys and values.
  uint64_t bytes_per_token(int n_positions) const;

  struct Impl;
  explicit GGUFTransformer(std::unique_ptr<Impl> impl);
  Impl& impl() { return *impl_; }
  const Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace realizar
