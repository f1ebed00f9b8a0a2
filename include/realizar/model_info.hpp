#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "realizar/options.hpp"

namespace realizar {

/// One key of a file's metadata.
struct MetadataEntry {
  std::string key;
  std::string type;                 ///< "u32", "string", "array of f32", ...
  uint64_t count = 1;               ///< elements; 1 unless an array
  std::vector<std::string> values;  ///< as text, at most the first few dozen of an array
};

/// One tensor of a file.
struct TensorEntry {
  std::string name;
  std::string type;             ///< "Q4_K", "F32", ...
  std::vector<uint64_t> shape;  ///< the length of a row first, as the file has it
  uint64_t bytes = 0;
};

/// What running a model takes, in bytes.
struct MemoryEstimate {
  int n_context = 0;
  uint64_t weights = 0;
  uint64_t kv_cache = 0;
  uint64_t activations = 0;
  uint64_t total() const { return weights + kv_cache + activations; }
};

/// The numbers that describe a model.
struct ModelShape {
  std::string architecture;
  int n_layers = 0;
  int n_embd = 0;
  int n_heads = 0;
  int n_kv_heads = 0;
  int n_experts = 0;  ///< 0: a dense model
  int n_experts_used = 0;
  int n_vocab = 0;
  int n_context_train = 0;  ///< 0: the file does not say
};

/// What a GGUF file holds.
struct FileInfo {
  std::filesystem::path path;
  uint32_t version = 0;
  uint64_t bytes = 0;  ///< of all parts of a split file
  int n_parts = 1;
  uint64_t parameters = 0;
  std::string name;
  std::vector<MetadataEntry> metadata;
  std::vector<TensorEntry> tensors;
  std::optional<ModelShape> shape;       ///< none for a file that holds only a vocabulary
  std::optional<MemoryEstimate> memory;  ///< likewise, and where neither file nor options give a context
  std::string problem;  ///< why its model cannot be run; empty when it can, or when there is none
};

/// Reads what a file says about itself, and no weights. `options` are those the memory is estimated for.
/// Throws `Error`: io, invalid_file for what is no GGUF file.
FileInfo inspect(const std::filesystem::path& path, const LoadOptions& options = {});

/// How `describe_plan` writes a plan.
enum class PlanFormat {
  text,  ///< a line an operator
  dot,   ///< a digraph for Graphviz
};

/// The operators that a model's file is computed by, after fusion. Reads no weights. Throws `Error`: io,
/// invalid_file, unsupported.
std::string describe_plan(const std::filesystem::path& path, PlanFormat format = PlanFormat::text);

/// The same as text, with the kernels that a GPU runs for one decoded token below each operator, and how many
/// those are before, in and behind the layers. Loads the model onto `options.gpu`, and throws as that does.
std::string describe_plan_on_gpu(const std::filesystem::path& path, const LoadOptions& options = {});

}  // namespace realizar
