#include "shapes/shapes.hpp"

#include "base/error.hpp"

namespace realizar::test {
namespace {

Recipe llama(const char* name, float rope_base) {
  Recipe r{.name = name, .architecture = "llama"};
  r.n_heads = 32;
  r.keys = {{"rope.freq_base", rope_base}};
  return r;
}

/// Llama 3.2 1B
Recipe llama_1b() {
  Recipe r = llama("llama-1b", 5e5f);
  r.n_layers = 16, r.n_embd = 2048, r.n_kv_heads = 8, r.n_ff = 8192, r.n_vocab = 128256;
  r.n_context = 131072, r.n_rot = 64;
  r.tied = true;
  return r;
}

/// Llama 3 8B
Recipe llama_8b() {
  Recipe r = llama("llama-8b", 5e5f);
  r.n_layers = 32, r.n_embd = 4096, r.n_kv_heads = 8, r.n_ff = 14336, r.n_vocab = 128256;
  r.n_context = 8192, r.n_rot = 128;
  return r;
}

/// TinyLlama 1.1B
Recipe tinyllama() {
  Recipe r = llama("tinyllama", 1e4f);
  r.n_layers = 22, r.n_embd = 2048, r.n_kv_heads = 4, r.n_ff = 5632, r.n_vocab = 32000;
  r.n_context = 2048, r.n_rot = 64;
  return r;
}

Recipe phi_2() {
  Recipe r{.name = "phi-2", .architecture = "phi2"};
  r.n_layers = 32, r.n_embd = 2560, r.n_heads = 32, r.n_kv_heads = 32, r.n_ff = 10240, r.n_vocab = 51200;
  r.n_context = 2048, r.n_rot = 32;
  r.norm = Norm::layer, r.ffn_norm = nullptr, r.gate = false;
  r.biases = {.qkv = true, .attention_output = true, .ffn = true, .logits = true};
  return r;
}

/// Qwen2 0.5B, whose rows are no multiple of 256.
Recipe qwen2_half_b() {
  Recipe r{.name = "qwen2-0.5b", .architecture = "qwen2"};
  r.n_layers = 24, r.n_embd = 896, r.n_heads = 14, r.n_kv_heads = 2, r.n_ff = 4864, r.n_vocab = 151936;
  r.n_context = 32768;
  r.biases.qkv = true, r.tied = true;
  r.keys = {{"rope.freq_base", 1e6f}};
  return r;
}

Recipe experts(const char* name, int count, int used, int n_ff) {
  Recipe r = llama(name, 1e4f);
  r.n_layers = 12, r.n_embd = 2048, r.n_kv_heads = 8, r.n_ff = n_ff, r.n_vocab = 32000;
  r.n_context = 32768, r.n_rot = 64;
  r.experts = {.count = count, .used = used, .ff = n_ff};
  return r;
}

}  // namespace

const std::vector<Recipe>& shapes() {
  static const std::vector<Recipe> all = {
      llama_1b(),
      llama_8b(),
      tinyllama(),
      phi_2(),
      qwen2_half_b(),
      experts("experts-8", 8, 2, 5632),
      experts("experts-64", 64, 6, 768),
  };
  return all;
}

const Recipe& shape_named(const std::string& name) {
  std::string names;
  for (const Recipe& shape : shapes()) {
    if (shape.name == name) return shape;
    names += std::string(names.empty() ? "" : ", ") + shape.name;
  }
  fail(ErrorKind::invalid_argument, "no shape is named '", name, "': there are ", names);
}

}  // namespace realizar::test
