#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "realizar/transformer.hpp"

namespace realizar {

/// Takes the bytes of a GGUF file as they come, from a network or a browser, and makes a model of them that
/// computes on the CPU. The bytes are kept once: what of them is packed for the kernels is given back.
class ModelReceiver {
 public:
  /// A file of `n_bytes`; `name` stands for it in errors.
  ModelReceiver(std::string name, uint64_t n_bytes);
  ~ModelReceiver();
  ModelReceiver(ModelReceiver&&) noexcept;
  ModelReceiver& operator=(ModelReceiver&&) noexcept;

  /// The next bytes, in the order of the file. Throws `Error` as soon as the header is seen to be wrong, of
  /// the kinds that GGUFTransformer::load has; out_of_memory when its weights find no room; invalid_argument
  /// for more than n_bytes in all.
  void append(std::span<const std::byte> bytes);

  /// The model, once all bytes are there; what was received goes into it. Throws `Error`: invalid_file when
  /// bytes are missing, else as GGUFTransformer::load does; invalid_argument when `options.device` asks for a
  /// GPU.
  GGUFTransformer load(const LoadOptions& options = {}) &&;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace realizar
