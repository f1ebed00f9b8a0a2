#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "api/transformer.hpp"
#include "model/fake_device.hpp"
#include "support/temporary_folder.hpp"
#include "support/tiny_model.hpp"

namespace realizar::test {

/// A tiny model file on a device whose logits are hashes of the tokens before them.
struct FakeModel {
  explicit FakeModel(const LoadOptions& options = {}, const TinyModel& what = {}) {
    write_tiny_model(path, what);
    model.emplace(
        load_transformer(path, options, [this](fusion::Plan plan, const auto& device_options, auto&&) {
          asked = device_options;
          auto made = std::make_unique<model::FakeDevice>(plan.n_vocab, 0);
          device = made.get();
          return made;
        }));
  }

  TemporaryFolder folder;
  std::string path = folder.file("tiny.gguf");
  fusion::DeviceOptions asked;
  model::FakeDevice* device = nullptr;
  std::optional<GGUFTransformer> model;
};

inline std::vector<int32_t> some_tokens(size_t n, int32_t salt = 0) {
  std::vector<int32_t> tokens(n);
  for (size_t i = 0; i < n; ++i)
    tokens[i] = static_cast<int32_t>((i * 31 + static_cast<size_t>(salt)) % (tiny_vocabulary_size - 3)) + 3;
  return tokens;
}

/// The kind of the error that `act` throws, if it throws one.
template <class Act>
std::optional<ErrorKind> error_of(Act act) {
  try {
    act();
  } catch (const Error& error) {
    return error.kind();
  }
  return std::nullopt;
}

}  // namespace realizar::test
