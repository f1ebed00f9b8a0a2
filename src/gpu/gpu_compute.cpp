#include "gpu/gpu_compute.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "gpu/webgpu/kernel_sources.hpp"

namespace realizar::gpu {
namespace {

using webgpu::Access;
using webgpu::Commands;
using webgpu::Workgroups;

constexpr uint32_t most_workgroups = 65535;  // in a dimension; every GPU has them
constexpr uint32_t group_threads = 256;      // of the kernels in one dimension
constexpr uint32_t dot_chunk = 4096;         // numbers a workgroup of dot.wgsl takes
constexpr uint32_t matmul_tile = 16;         // tokens and rows a workgroup of matmul.wgsl makes

uint32_t quotient_up(uint64_t n, uint64_t unit) { return static_cast<uint32_t>((n + unit - 1) / unit); }

/// n workgroups in a row, broken into lines where they are more than a dimension takes.
Workgroups in_lines(uint32_t n) {
  const uint32_t lines = std::max(1u, quotient_up(n, most_workgroups));
  return {quotient_up(n, lines), lines, 1};
}

/// Indices in kernels have 32 bits.
uint32_t checked_size(uint64_t n) {
  require(n <= ~uint32_t{0} / 2, ErrorKind::limit_exceeded, "an operation on ", n,
          " numbers is too large for one call of the GPU: split it");
  return static_cast<uint32_t>(n);
}

void same_length(const char* what, size_t expected, size_t actual) {
  require(expected == actual, ErrorKind::invalid_argument, what, " of ", expected, " numbers was given ",
          actual);
}

}  // namespace

GpuCompute::GpuCompute(const GpuOptions& options)
    : GpuCompute(webgpu::Device::open(options.gpu), options.memory_limit) {}

GpuCompute::GpuCompute(std::shared_ptr<webgpu::Device> device, uint64_t memory_limit)
    : device_(std::move(device)), pool_(device_, memory_limit), kernels_(*device_) {}

const webgpu::Kernel& GpuCompute::kernel(const webgpu::KernelSource& source) {
  return kernels_.get(source.name, [&] { return source; });
}

const webgpu::Kernel& GpuCompute::activation_kernel(Activation activation, bool gated) {
  const std::string constants = webgpu::activation_constants(activation, gated);
  std::string text;
  return kernels_.get("activate " + constants, [&] {
    text = concat(constants, webgpu::kernel_source("activations"), webgpu::kernel_source("activate"));
    return webgpu::KernelSource{.name = "activate",
                                .source = text,
                                .bindings = {Access::read, Access::read, Access::write},
                                .argument_bytes = sizeof(uint32_t)};
  });
}

GpuBuffer GpuCompute::upload(std::span<const float> numbers) {
  const uint64_t most = device_->limits().maxStorageBufferBindingSize;
  require(numbers.size_bytes() <= most, ErrorKind::limit_exceeded, "an operand of ", numbers.size_bytes(),
          " bytes exceeds the ", most, " that a kernel can see on the GPU ", gpu().name, ": split it");
  GpuBuffer buffer = pool_.acquire(numbers.size_bytes());
  if (!numbers.empty()) device_->write(buffer.get(), 0, std::as_bytes(numbers));
  return buffer;
}

AsyncGpuResult GpuCompute::read_back(Commands&& commands, const GpuBuffer& from, size_t n_numbers) {
  GpuBuffer readback = pool_.acquire(n_numbers * sizeof(float), webgpu::BufferUse::readback);
  commands.copy(from.get(), 0, readback.get(), 0, readback.bytes());
  return {device_, std::move(commands), std::move(readback), n_numbers};
}

AsyncGpuResult GpuCompute::start_matmul(std::span<const float> x, std::span<const float> weights,
                                        int64_t n_cols) {
  require(n_cols > 0, ErrorKind::invalid_argument, "a product of ", n_cols, " columns");
  const auto columns = static_cast<uint64_t>(n_cols);
  require(x.size() % columns == 0 && weights.size() % columns == 0, ErrorKind::invalid_argument,
          "a product of rows of ", columns, " columns was given ", x.size(), " and ", weights.size(),
          " numbers");
  struct {
    uint32_t n_tokens, n_rows, n_cols;
  } const sizes{checked_size(x.size() / columns), checked_size(weights.size() / columns),
                checked_size(columns)};
  const uint64_t n_results = uint64_t{sizes.n_tokens} * sizes.n_rows;
  const Workgroups groups{quotient_up(sizes.n_rows, matmul_tile), quotient_up(sizes.n_tokens, matmul_tile),
                          1};
  require(groups.x <= most_workgroups && groups.y <= most_workgroups, ErrorKind::limit_exceeded,
          "a product of ", sizes.n_tokens, " tokens and ", sizes.n_rows,
          " rows is too large for one call of the GPU: split it");
  const GpuBuffer a = upload(x), b = upload(weights),
                  out = pool_.acquire(checked_size(n_results) * sizeof(float));
  Commands commands(*device_);
  if (n_results > 0)
    commands.dispatch(kernel({.name = "matmul",
                              .source = webgpu::kernel_source("matmul"),
                              .bindings = {Access::read, Access::read, Access::write},
                              .argument_bytes = sizeof(sizes)}),
                      {a.binding(), b.binding(), out.binding()}, sizes, groups);
  return read_back(std::move(commands), out, n_results);
}

AsyncGpuResult GpuCompute::start_dot(std::span<const float> a, std::span<const float> b) {
  same_length("a dot product", a.size(), b.size());
  const uint32_t n = checked_size(a.size()), n_chunks = quotient_up(n, dot_chunk);
  const GpuBuffer x = upload(a), y = upload(b), partial = pool_.acquire(n_chunks * sizeof(float)),
                  out = pool_.acquire(sizeof(float));
  Commands commands(*device_);
  commands.dispatch(kernel({.name = "dot",
                            .source = webgpu::kernel_source("dot"),
                            .bindings = {Access::read, Access::read, Access::write},
                            .argument_bytes = sizeof(n)}),
                    {x.binding(), y.binding(), partial.binding()}, n, in_lines(n_chunks));
  commands.dispatch(kernel({.name = "sum",
                            .source = webgpu::kernel_source("sum"),
                            .bindings = {Access::read, Access::write},
                            .argument_bytes = sizeof(n_chunks)}),
                    {partial.binding(), out.binding()}, n_chunks, {});
  return read_back(std::move(commands), out, 1);
}

AsyncGpuResult GpuCompute::start_activate(Activation activation, std::span<const float> gate,
                                          std::span<const float> up) {
  const bool gated = !up.empty();
  if (gated) same_length("a gated activation", gate.size(), up.size());
  require(gated || gate.empty() || activation != Activation::swiglu_oai, ErrorKind::invalid_argument,
          "swiglu_oai needs a gate and an up vector");
  const uint32_t n = checked_size(gate.size());
  const GpuBuffer g = upload(gate), u = upload(up), out = pool_.acquire(gate.size_bytes());
  Commands commands(*device_);
  if (n > 0)
    commands.dispatch(activation_kernel(activation, gated), {g.binding(), u.binding(), out.binding()}, n,
                      in_lines(quotient_up(n, group_threads)));
  return read_back(std::move(commands), out, n);
}

AsyncGpuResult GpuCompute::start_softmax(std::span<const float> x) {
  const uint32_t n = checked_size(x.size());
  const GpuBuffer in = upload(x), out = pool_.acquire(x.size_bytes());
  Commands commands(*device_);
  if (n > 0)
    commands.dispatch(kernel({.name = "softmax",
                              .source = webgpu::kernel_source("softmax"),
                              .bindings = {Access::read, Access::write},
                              .argument_bytes = sizeof(n)}),
                      {in.binding(), out.binding()}, n, {});
  return read_back(std::move(commands), out, n);
}

std::vector<float> GpuCompute::matmul(std::span<const float> x, std::span<const float> weights,
                                      int64_t n_cols) {
  return start_matmul(x, weights, n_cols).take();
}

float GpuCompute::dot(std::span<const float> a, std::span<const float> b) {
  return start_dot(a, b).take().at(0);
}

std::vector<float> GpuCompute::activate(Activation activation, std::span<const float> gate,
                                        std::span<const float> up) {
  return start_activate(activation, gate, up).take();
}

std::vector<float> GpuCompute::softmax(std::span<const float> x) { return start_softmax(x).take(); }

}  // namespace realizar::gpu
