#include "kernels/dequantize.hpp"

#include <cstring>

#include "kernels/formats.hpp"

namespace realizar::kernels {
namespace {

template <class F>
void dequantize_blocks(const uint8_t* file, size_t count, float* out) {
  UnpackedBlock<F> block;
  for (size_t start = 0; start < count; start += F::block, file += F::bytes) {
    F::unpack(file, block);
    const float dmin = f16_to_f32(block.dmin_bits);
    for (int k = 0; k < F::block; ++k) {
      const int group = k / F::group;
      const float scale =
          d_value<F>(block.d_bits[k / F::d_span]) * static_cast<float>(scale_value<F>(block.scale[group]));
      float value = scale * static_cast<float>(weight<F>(block.code[k]));
      if constexpr (F::has_min) value -= dmin * static_cast<float>(block.min[group]);
      *out++ = value;
    }
  }
}

template <class Element, class Convert>
void convert(const uint8_t* file, size_t count, float* out, Convert to_f32) {
  for (size_t i = 0; i < count; ++i) {
    Element element;
    std::memcpy(&element, file + i * sizeof(Element), sizeof(Element));
    out[i] = to_f32(element);
  }
}

template <class Element>
void convert(const uint8_t* file, size_t count, float* out) {
  convert<Element>(file, count, out, [](Element element) { return static_cast<float>(element); });
}

}  // namespace

void dequantize(TensorType type, const uint8_t* file, size_t count, float* out) {
  switch (type) {
    case TensorType::f32:
      return convert<float>(file, count, out);
    case TensorType::f64:
      return convert<double>(file, count, out);
    case TensorType::i8:
      return convert<int8_t>(file, count, out);
    case TensorType::i16:
      return convert<int16_t>(file, count, out);
    case TensorType::i32:
      return convert<int32_t>(file, count, out);
    case TensorType::i64:
      return convert<int64_t>(file, count, out);
    case TensorType::f16:
      return convert<uint16_t>(file, count, out, [](uint16_t x) { return f16_to_f32(x); });
    case TensorType::bf16:
      return convert<uint16_t>(file, count, out, [](uint16_t x) { return bf16_to_f32(x); });
    default:
      visit_format(type, [&]<class F>(F) { dequantize_blocks<F>(file, count, out); });
  }
}

}  // namespace realizar::kernels
