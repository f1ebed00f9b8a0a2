#include "kernels/kernel_comparison.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <utility>

#include "backend/isa.hpp"
#include "kernels/formats.hpp"
#include "kernels/random_inputs.hpp"

namespace realizar::kernels::test {
namespace {

using Floats = std::vector<float>;
using Bytes = std::vector<uint8_t>;

/// What a kernel wrote. Padding and whatever else it must leave alone is part of it.
struct Output {
  Floats floats;
  Bytes bytes;
};

std::string first_difference(const Output& expected, const Output& actual) {
  for (size_t i = 0; i < expected.floats.size(); ++i)
    if (const float a = actual.floats[i], e = expected.floats[i]; !same_bits(a, e)) {
      char text[100];
      std::snprintf(text, sizeof text, "number %zu is %a instead of %a", i, static_cast<double>(a),
                    static_cast<double>(e));
      return text;
    }
  for (size_t i = 0; i < expected.bytes.size(); ++i)
    if (actual.bytes[i] != expected.bytes[i])
      return "byte " + std::to_string(i) + " is " + std::to_string(actual.bytes[i]) + " instead of " +
             std::to_string(expected.bytes[i]);
  return {};
}

template <class Run>
std::string compare(const Run& run) {
  const Output expected = run(kernels_of(backend::Isa::scalar));
  for (const backend::Isa isa : backend::available_isas()) {
    if (!backend::keeps_bits(isa)) continue;
    if (const std::string found = first_difference(expected, run(kernels_of(isa))); !found.empty())
      return std::string(backend::to_string(isa)) + ": " + found;
  }
  return {};
}

/// compare() of a kernel that fills `out` with as many numbers as `initial` has.
template <class Fill>
std::string compare_filled(const Floats& initial, const Fill& fill) {
  return compare([&](const KernelTable& k) {
    Output out{initial, {}};
    fill(k, out.floats.data());
    return out;
  });
}

int64_t length(const Floats& x) { return static_cast<int64_t>(x.size()); }
Floats some_floats(ByteSource& in) { return in.floats(static_cast<size_t>(in.between(1, 100))); }

/// Columns of a product: whole blocks, some of which end within a bundle.
int64_t some_columns(ByteSource& in, TensorType type) {
  const int block = info(type).block;
  return int64_t{block} * in.between(1, block == 1 ? 100 : block < 256 ? 12 : 3);
}

std::string fast_product(ByteSource& in, TensorType type) {
  const int64_t n_cols = some_columns(in, type);
  const int n_panels = in.between(1, max_tile_panels), n_tokens = in.between(1, max_tile_tokens);
  const int first = in.between(0, n_tokens - 1), count = in.between(1, n_tokens - first);
  const RandomMatrix matrix(in, type, n_panels * panel_rows - in.between(0, 15), n_cols, in.flag());
  const auto panels = matrix.panels();
  const Quantized x(kernels_of(backend::Isa::scalar), in.floats(static_cast<size_t>(n_cols * n_tokens)),
                    n_cols, activation_block(type), n_tokens, n_tokens + in.between(0, 3));
  const Floats out(static_cast<size_t>(n_panels * count * panel_rows));
  return compare_filled(out, [&](const KernelTable& k, float* y) {
    k.fast[static_cast<int>(type)](panels.as<uint8_t>().data(), n_panels, n_cols, x.view, first, count, y);
  });
}

std::string int16_product(ByteSource& in, TensorType type) {
  const int64_t n_cols = 32 * in.between(1, 6);
  const int n_panels = in.between(1, max_tile_panels), n_tokens = in.between(1, max_tile_tokens);
  const int first = in.between(0, n_tokens - 1), count = in.between(1, n_tokens - first);
  const RandomMatrix matrix(in, type, n_panels * panel_rows - in.between(0, 15), n_cols, in.flag());
  const auto panels = matrix.int16_panels();
  const Int16Tokens x(kernels_of(backend::Isa::scalar), in.floats(static_cast<size_t>(n_cols * n_tokens)),
                      n_cols, n_tokens, n_tokens + in.between(0, 3));
  const Floats out(static_cast<size_t>(n_panels * count * panel_rows));
  return compare_filled(out, [&](const KernelTable& k, float* y) {
    k.fast[static_cast<int>(type)](panels.as<uint8_t>().data(), n_panels, n_cols, x.view, first, count, y);
  });
}

std::string exact_product(ByteSource& in, TensorType type) {
  const int64_t n_cols = some_columns(in, type), stride = n_cols + in.between(0, 3);
  const int n_panels = in.between(1, max_tile_panels + 1), n_tokens = in.between(1, max_tile_tokens);
  const RandomMatrix matrix(in, type, n_panels * panel_rows - in.between(0, 15), n_cols, in.flag());
  const auto panels = matrix.panels();
  const Floats x = in.floats(static_cast<size_t>(stride * (n_tokens - 1) + n_cols));
  const Floats out(static_cast<size_t>(n_panels * n_tokens * panel_rows));
  return compare_filled(out, [&](const KernelTable& k, float* y) {
    k.exact[static_cast<int>(type)](panels.as<uint8_t>().data(), n_panels, n_cols, x.data(), stride, n_tokens,
                                    y);
  });
}

template <class T>
void append(Bytes& bytes, const std::vector<T>& values) {
  const auto* from = reinterpret_cast<const uint8_t*>(values.data());
  bytes.insert(bytes.end(), from, from + values.size() * sizeof(T));
}

std::string quantize(ByteSource& in) {
  const int block = in.flag() ? 256 : 32;
  const int64_t n_cols = int64_t{block} * in.between(1, 4);
  const int n_tokens = in.between(1, 3), stride = n_tokens + in.between(0, 3);
  const Floats x = in.floats(static_cast<size_t>(n_cols * n_tokens));
  return compare([&](const KernelTable& k) {
    const Quantized q(k, x, n_cols, block, n_tokens, stride);
    Output out{q.d, {}};
    out.floats.insert(out.floats.end(), q.minus_sums.begin(), q.minus_sums.end());
    append(out.bytes, q.codes);
    append(out.bytes, q.half_sums);
    append(out.bytes, q.group_sums);
    return out;
  });
}

std::string quantize_int16(ByteSource& in) {
  const int64_t n_cols = 32 * in.between(1, 4);
  const int n_tokens = in.between(1, 3), stride = n_tokens + in.between(0, 3);
  const Floats x = in.floats(static_cast<size_t>(n_cols * n_tokens));
  return compare([&](const KernelTable& k) {
    const Int16Tokens q(k, x, n_cols, n_tokens, stride);
    Output out{q.d, {}};
    append(out.bytes, q.codes);
    return out;
  });
}

std::string int16_weights(ByteSource& in) {
  const TensorType type = in.flag() ? TensorType::f16 : TensorType::bf16;
  const RandomMatrix matrix(in, type, 1, 32 * in.between(1, 4), in.flag());
  return compare([&](const KernelTable& k) {
    const Int16Weights integers(k, type, matrix.file.data(), matrix.n_cols);
    Output out;
    append(out.bytes, integers.d);
    append(out.bytes, integers.codes);
    return out;
  });
}

std::string dot(ByteSource& in) {
  const Floats a = some_floats(in), b = in.floats(a.size());
  return compare_filled(
      {0}, [&](const KernelTable& k, float* out) { *out = k.dot(a.data(), b.data(), length(a)); });
}

using Norm = decltype(KernelTable::rms_norm);
std::string norm(ByteSource& in, Norm KernelTable::*kernel) {
  const Floats x = some_floats(in), weight = in.floats(x.size()), bias = in.floats(x.size());
  const bool weighted = in.flag(), biased = in.flag();
  return compare_filled(x, [&](const KernelTable& k, float* out) {
    (k.*kernel)(out, weighted ? weight.data() : nullptr, biased ? bias.data() : nullptr, 1e-5f, length(x),
                out);
  });
}

std::string gate(ByteSource& in, int activation) {
  const Floats gates = some_floats(in), up = in.floats(gates.size());
  const bool gated = activation == static_cast<int>(Activation::swiglu_oai) || in.flag();
  return compare_filled(gates, [&](const KernelTable& k, float* out) {
    k.gate[activation](out, gated ? up.data() : nullptr, length(gates), out);
  });
}

std::string add(ByteSource& in) {
  const Floats a = some_floats(in), b = in.floats(a.size());
  const float factor = in.floats(1)[0];
  return compare_filled(
      a, [&](const KernelTable& k, float* out) { k.add(out, b.data(), factor, length(a), out); });
}

std::string add_tile(ByteSource& in) {
  const int n_tokens = in.between(1, 5), n_rows = in.between(1, panel_rows), stride = in.between(n_rows, 40);
  const Floats a = in.floats(static_cast<size_t>(n_tokens * stride));
  const Floats tile = in.floats(static_cast<size_t>(n_tokens * panel_rows));
  const float factor = in.floats(1)[0];
  return compare_filled(a, [&](const KernelTable& k, float* out) {
    k.add_tile(a.data(), stride, tile.data(), factor, n_tokens, n_rows, out, stride);
  });
}

std::string multiply(ByteSource& in) {
  const Floats a = some_floats(in), b = in.floats(a.size());
  return compare_filled(a,
                        [&](const KernelTable& k, float* out) { k.multiply(out, b.data(), length(a), out); });
}

std::string scale(ByteSource& in) {
  const Floats x = some_floats(in);
  const float factor = in.floats(1)[0];
  return compare_filled(x, [&](const KernelTable& k, float* out) { k.scale(out, factor, length(x), out); });
}

std::string soft_cap(ByteSource& in) {
  const Floats x = some_floats(in);
  const float cap = in.floats(1)[0];
  return compare_filled(x, [&](const KernelTable& k, float* out) { k.soft_cap(out, cap, length(x)); });
}

std::string sigmoid(ByteSource& in) {
  const Floats x = some_floats(in);
  return compare_filled(x, [&](const KernelTable& k, float* out) { k.sigmoid(out, length(x), out); });
}

std::string softmax(ByteSource& in) {
  const Floats x = some_floats(in);
  return compare_filled(x, [&](const KernelTable& k, float* out) { k.softmax(out, length(x)); });
}

std::string rope(ByteSource& in) {
  const auto n_pairs = static_cast<size_t>(in.between(1, 48));
  const bool halves = in.flag();
  const Floats x = in.floats(2 * n_pairs), cosines = in.floats(n_pairs), sines = in.floats(n_pairs);
  return compare_filled(x, [&](const KernelTable& k, float* out) {
    k.rope(out, cosines.data(), sines.data(), static_cast<int>(2 * n_pairs), halves);
  });
}

/// The page of one head whose keys (and, where it stores values, values) have `dim` columns each.
template <class Store>
std::string store(ByteSource& in, KvFormat format, Store KernelTable::*kernels, bool is_key) {
  const int dim = in.between(1, 100), slot = in.between(0, kv_tile - 1);
  const KvPageLayout layout = kv_page_layout(format, dim, dim);
  const Floats x = in.floats(static_cast<size_t>(dim));
  return compare([&](const KernelTable& k) {
    Output out{{}, Bytes(static_cast<size_t>(layout.bytes))};
    uint8_t* page = out.bytes.data();
    (k.*kernels)[static_cast<int>(format)](x.data(), dim, page + (is_key ? layout.keys_at : layout.values_at),
                                           page + (is_key ? layout.key_scales_at : layout.value_scales_at),
                                           slot);
    return out;
  });
}

/// The pages of one KV head in any order, with numbers at the first `n_positions` and noise beyond.
struct RandomHead {
  int key_dim, value_dim, out_dim, n_positions;
  KvPageLayout layout;
  std::vector<int32_t> page_table;
  Bytes pages;

  RandomHead(ByteSource& in, KvFormat format) {
    key_dim = in.between(1, 80);
    value_dim = in.flag() ? in.between(1, 80) : 0;
    out_dim = value_dim != 0 ? value_dim : in.between(1, key_dim);
    n_positions = in.between(1, 200);
    layout = kv_page_layout(format, key_dim, value_dim);
    page_table.resize(static_cast<size_t>((n_positions + kv_tile - 1) / kv_tile));
    std::iota(page_table.begin(), page_table.end(), 0);
    std::shuffle(page_table.begin(), page_table.end(), in);
    pages.assign(page_table.size() * static_cast<size_t>(layout.bytes), in.byte());
    const KernelTable& k = kernels_of(backend::Isa::scalar);
    const int f = static_cast<int>(format);
    const auto row = [](const Floats& x, int position, int dim) { return x.data() + position * dim; };
    const Floats keys = in.floats(static_cast<size_t>(n_positions * key_dim)),
                 values = in.floats(static_cast<size_t>(n_positions * value_dim));
    for (int p = 0; p < n_positions; ++p) {
      uint8_t* page = pages.data() + page_table[static_cast<size_t>(p / kv_tile)] * layout.bytes;
      k.store_key[f](row(keys, p, key_dim), key_dim, page + layout.keys_at, page + layout.key_scales_at,
                     p % kv_tile);
      if (value_dim != 0)
        k.store_value[f](row(values, p, value_dim), value_dim, page + layout.values_at,
                         page + layout.value_scales_at, p % kv_tile);
    }
  }
};

std::string attend(ByteSource& in, KvFormat format) {
  const RandomHead head(in, format);
  AttentionSegment segment{head.pages.data(), head.layout.bytes, head.page_table.data(), head.key_dim,
                           head.value_dim,    head.out_dim,      in.moderate(),          0};
  if (in.flag()) segment.soft_cap = in.moderate();
  const int n_queries = in.between(1, max_attention_queries);
  const Floats q = in.floats(static_cast<size_t>(n_queries * head.key_dim));
  std::vector<AttentionQuery> queries;
  for (int i = 0; i < n_queries; ++i) {
    const int begin = in.between(0, head.n_positions - 1), end = in.between(begin + 1, head.n_positions);
    queries.push_back({q.data() + i * head.key_dim, end - 1 + in.between(0, 99), begin, end,
                       in.flag() ? in.moderate() : 0, nullptr, 0, 0});
  }
  return compare([&](const KernelTable& k) {
    Output out{Floats(static_cast<size_t>(n_queries * head.out_dim)), {}};
    std::vector<AttentionQuery> run = queries;
    for (int i = 0; i < n_queries; ++i)
      run[static_cast<size_t>(i)].out = out.floats.data() + i * head.out_dim;
    Floats scratch(static_cast<size_t>(kv_tile * (head.key_dim + head.out_dim)));
    k.attend[static_cast<int>(format)](segment, run.data(), n_queries, scratch.data());
    for (const AttentionQuery& query : run) {
      out.floats.push_back(query.max);
      out.floats.push_back(query.sum);
    }
    return out;
  });
}

std::string merge_attention(ByteSource& in) {
  const Floats into = some_floats(in), next = in.floats(into.size()), maxima = in.floats(2),
               sums = in.floats(2);
  const bool first = in.flag();
  return compare([&](const KernelTable& k) {
    Output out{into, {}};
    Floats from = next;
    AttentionQuery a{}, b{};
    a.out = out.floats.data(), a.max = first ? -INFINITY : maxima[0], a.sum = first ? 0 : sums[0];
    b.out = from.data(), b.max = maxima[1], b.sum = sums[1];
    k.merge_attention(a, b, static_cast<int>(into.size()));
    out.floats.push_back(a.max);
    out.floats.push_back(a.sum);
    return out;
  });
}

std::vector<ComparedKernel> make_kernels() {
  std::vector<ComparedKernel> out = {
      {"quantize", quantize},
      {"quantize_int16", quantize_int16},
      {"int16_weights", int16_weights},
      {"dot", dot},
      {"rms_norm", [](ByteSource& in) { return norm(in, &KernelTable::rms_norm); }},
      {"layer_norm", [](ByteSource& in) { return norm(in, &KernelTable::layer_norm); }},
      {"add", add},
      {"add_tile", add_tile},
      {"multiply", multiply},
      {"scale", scale},
      {"soft_cap", soft_cap},
      {"sigmoid", sigmoid},
      {"softmax", softmax},
      {"rope", rope},
      {"merge_attention", merge_attention},
  };
  for (const TensorType type : product_types) {
    const std::string name = info(type).name;
    if (is_block_format(type))
      out.push_back({"fast " + name, [=](ByteSource& in) { return fast_product(in, type); }});
    if (has_int16_form(type, 32))
      out.push_back({"fast " + name, [=](ByteSource& in) { return int16_product(in, type); }});
    out.push_back({"exact " + name, [=](ByteSource& in) { return exact_product(in, type); }});
  }
  for (int a = 0; a < n_activations; ++a)
    out.push_back({"gate " + std::to_string(a), [=](ByteSource& in) { return gate(in, a); }});
  for (const auto& [format, name] :
       {std::pair{KvFormat::f16, "f16"}, {KvFormat::f32, "f32"}, {KvFormat::q8_0, "q8_0"}}) {
    const std::string suffix = std::string(" ") + name;
    out.push_back({"store_key" + suffix,
                   [=, f = format](ByteSource& in) { return store(in, f, &KernelTable::store_key, true); }});
    out.push_back({"store_value" + suffix, [=, f = format](ByteSource& in) {
                     return store(in, f, &KernelTable::store_value, false);
                   }});
    out.push_back({"attend" + suffix, [f = format](ByteSource& in) { return attend(in, f); }});
  }
  return out;
}

}  // namespace

const std::vector<ComparedKernel>& compared_kernels() {
  static const std::vector<ComparedKernel> all = make_kernels();
  return all;
}

}  // namespace realizar::kernels::test
