#pragma once

#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "formats/gguf_writer.hpp"

namespace realizar::test {

inline constexpr uint64_t tiny_vocabulary_size = 263;

/// A SentencePiece vocabulary: <unk>, <s>, </s>, every byte, then "h", "i", "hi" and the space; to `size`
/// tokens with ones that no text has.
inline void set_tiny_vocabulary(formats::GgufWriter& writer, uint64_t size = tiny_vocabulary_size) {
  std::vector<std::string> tokens = {"<unk>", "<s>", "</s>"};
  std::vector<int32_t> types = {2, 3, 3};
  for (int byte = 0; byte < 256; ++byte) {
    char name[8];
    std::snprintf(name, sizeof name, "<0x%02X>", static_cast<unsigned>(byte));
    tokens.push_back(name);
    types.push_back(6);
  }
  for (const char* text : {"h", "i", "hi", "\xe2\x96\x81"}) {
    tokens.push_back(text);
    types.push_back(1);
  }
  while (tokens.size() < size) {
    tokens.push_back("<unused" + std::to_string(tokens.size()) + ">");
    types.push_back(5);
  }
  writer.set("tokenizer.ggml.model", "llama");
  writer.set_array("tokenizer.ggml.tokens", tokens);
  writer.set_array("tokenizer.ggml.scores", std::vector<float>(tokens.size(), -1.0f));
  writer.set_array("tokenizer.ggml.token_type", types);
  writer.set("tokenizer.ggml.bos_token_id", uint32_t{1});
  writer.set("tokenizer.ggml.eos_token_id", uint32_t{2});
  writer.set("tokenizer.ggml.add_bos_token", true);
  writer.set("tokenizer.ggml.add_space_prefix", false);
}

struct TinyModel {
  bool vocabulary = true;
  bool chat_template = true;
  uint32_t n_context = 512;  ///< positions it claims to be trained for
};

/// Writes a llama of two layers with random weights.
inline void write_tiny_model(const std::string& path, const TinyModel& what = {}) {
  constexpr uint64_t n_embd = 64, n_kv = 32, n_ff = 96;
  formats::GgufWriter writer;
  writer.set("general.architecture", "llama");
  writer.set("general.name", "tiny");
  writer.set("llama.context_length", what.n_context);
  writer.set("llama.embedding_length", uint32_t{n_embd});
  writer.set("llama.block_count", uint32_t{2});
  writer.set("llama.feed_forward_length", uint32_t{n_ff});
  writer.set("llama.attention.head_count", uint32_t{2});
  writer.set("llama.attention.head_count_kv", uint32_t{1});
  writer.set("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  if (what.vocabulary) set_tiny_vocabulary(writer);
  if (what.chat_template)
    writer.set("tokenizer.chat_template",
               "{% for m in messages %}[{{ m.role }}]{{ m.content }}\n{% endfor %}"
               "{% if add_generation_prompt %}[assistant]{% endif %}");

  uint64_t state = 1;
  const auto add = [&](const std::string& name, std::vector<uint64_t> shape, float center, float spread) {
    uint64_t count = 1;
    for (const uint64_t n : shape) count *= n;
    std::vector<float> values(count);
    for (float& value : values) {
      state = state * 6364136223846793005u + 1442695040888963407u;  // Knuth's MMIX generator
      value = center + spread * (static_cast<float>(state >> 40) * 0x1p-23f - 1);
    }
    writer.add_tensor(name, std::move(shape), values);
  };
  const auto matrix = [&](const std::string& name, uint64_t n_in, uint64_t n_out) {
    add(name, {n_in, n_out}, 0, 2 / std::sqrt(static_cast<float>(n_in)));
  };
  add("token_embd.weight", {n_embd, tiny_vocabulary_size}, 0, 1);
  for (const std::string layer : {"blk.0.", "blk.1."}) {
    add(layer + "attn_norm.weight", {n_embd}, 1, 0.5f);
    matrix(layer + "attn_q.weight", n_embd, n_embd);
    matrix(layer + "attn_k.weight", n_embd, n_kv);
    matrix(layer + "attn_v.weight", n_embd, n_kv);
    matrix(layer + "attn_output.weight", n_embd, n_embd);
    add(layer + "ffn_norm.weight", {n_embd}, 1, 0.5f);
    matrix(layer + "ffn_gate.weight", n_embd, n_ff);
    matrix(layer + "ffn_up.weight", n_embd, n_ff);
    matrix(layer + "ffn_down.weight", n_ff, n_embd);
  }
  add("output_norm.weight", {n_embd}, 1, 0.5f);
  matrix("output.weight", n_embd, tiny_vocabulary_size);
  writer.write(path);
}

}  // namespace realizar::test
