#include "shapes/write_shape.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <span>

#include "fixtures/random_weights.hpp"
#include "support/tiny_model.hpp"

namespace realizar::test {
namespace {

using kernels::TensorType;

constexpr float deviation = 0.02f;
/// Of NVFP4 weights before their `.scale`, as random_blocks makes them.
constexpr float nvfp4_deviation = 3.2f;

/// Random weights that repeat. A prime number of super-blocks, so that no two pages of weights are alike:
/// hosts of virtual machines merge those that are, and caches would hold them.
constexpr size_t period_blocks = 4099, period = period_blocks * 256;

/// Most weights that a tensor of the shape has.
size_t largest_tensor(const Recipe& shape) {
  const int ffn_rows = shape.experts ? shape.experts.count * shape.experts.ff : shape.n_ff;
  return static_cast<size_t>(std::max({ffn_rows, shape.n_vocab, shape.n_embd})) *
         static_cast<size_t>(shape.n_embd);
}

class ShapeWriter : public ModelWriter {
 public:
  ShapeWriter(const Recipe& shape, const Mix& mix)
      : ModelWriter(shape.architecture), shape_(shape), mix_(mix), largest_(largest_tensor(shape)) {
    set("general.architecture", architecture_);
    set("general.name", std::string(shape.name) + " of random weights");
    set_tiny_vocabulary(file_, static_cast<uint64_t>(shape.n_vocab));
  }

  void linear(const std::string& name, int n_in, int n_out, float, int n_matrices) override {
    std::vector<uint64_t> shape = {static_cast<uint64_t>(n_in), static_cast<uint64_t>(n_out)};
    if (n_matrices > 0) shape.push_back(static_cast<uint64_t>(n_matrices));
    const TensorType type = matrix(name, shape);
    shape.erase(shape.begin());
    if (biases_) values(name + ".bias", shape, 0, deviation);
    if (type == TensorType::nvfp4) {
      const size_t n_scales = static_cast<size_t>(std::max(1, n_matrices));
      file_.add_tensor(full_name(name + ".scale"), {n_scales},
                       std::vector<float>(n_scales, deviation / nvfp4_deviation));
    }
  }
  void table(const std::string& name, int width, int n_rows, float) override {
    matrix(name, {static_cast<uint64_t>(width), static_cast<uint64_t>(n_rows)});
  }
  void values(const std::string& name, std::vector<uint64_t> shape, float mean, float spread) override {
    const std::string full = full_name(name);
    size_t count = 1;
    for (const uint64_t n : shape) count *= n;
    file_.add_tensor(full, std::move(shape), random_floats(seed_of(full), count, mean, spread));
  }
  void factors(const std::string& name, int count, float low, float high) override {
    const std::string full = full_name(name);
    const auto n = static_cast<size_t>(count);
    file_.add_tensor(full, {n}, random_between(seed_of(full), n, low, high));
  }

  void write(const std::string& path) const { file_.write(path); }

 private:
  TensorType matrix(const std::string& name, const std::vector<uint64_t>& shape) {
    const TensorType type = mix_.type_of(name, layer_, shape_.n_layers, shape[0], shape_.tied);
    const kernels::TensorTypeInfo& info = kernels::info(type);
    size_t n_blocks = 1;
    for (const uint64_t n : shape) n_blocks *= n;
    n_blocks /= static_cast<size_t>(info.block);
    // Each begins elsewhere in the period, so that no two are alike.
    const size_t first = n_matrices_++ * 61 % period_blocks, bytes = static_cast<size_t>(info.bytes);
    file_.add_tensor(full_name(name + ".weight"), type, shape,
                     std::span(weights(type)).subspan(first * bytes, n_blocks * bytes));
    return type;
  }

  /// Enough random weights of the type for any tensor that begins in the first period.
  const std::vector<std::byte>& weights(TensorType type) {
    std::vector<std::byte>& all = weights_[type];
    if (all.empty()) {
      const uint64_t seed = seed_of(kernels::info(type).name);
      const std::vector<std::byte> one = kernels::info(type).block == 1
                                             ? as_type(type, random_floats(seed, period, 0, deviation))
                                             : random_blocks(type, seed, period, deviation);
      const size_t n_periods = largest_ / period + 2;
      all.reserve(n_periods * one.size());
      for (size_t i = 0; i < n_periods; ++i) all.insert(all.end(), one.begin(), one.end());
    }
    return all;
  }

  const Recipe& shape_;
  const Mix& mix_;
  const size_t largest_;
  size_t n_matrices_ = 0;
  std::map<TensorType, std::vector<std::byte>> weights_;
};

}  // namespace

void write_shape(const Recipe& shape, const Mix& mix, const std::string& path) {
  ShapeWriter writer(shape, mix);
  write_decoder(writer, shape);
  writer.write(path);
}

}  // namespace realizar::test
