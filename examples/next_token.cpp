// next_token MODEL.gguf TEXT: the tokens that most probably follow a text.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <vector>

#include "realizar/error.hpp"
#include "realizar/transformer.hpp"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s MODEL.gguf TEXT\n", argv[0]);
    return 2;
  }
  try {
    // In exact arithmetic weights are dequantised and activations stay f32.
    realizar::GGUFTransformer model = realizar::GGUFTransformer::load(
        argv[1], {.arithmetic = realizar::Arithmetic::exact, .n_context = 2048});
    const std::vector<int32_t> tokens = model.encode_prompt(argv[2]);

    // One row of n_vocab logits for every token; the last row is about what comes next.
    const std::vector<float> logits = model.forward(tokens);
    const std::vector<float> last(logits.end() - model.n_vocab(), logits.end());

    const float highest = *std::max_element(last.begin(), last.end());
    double sum = 0;
    for (const float logit : last) sum += std::exp(static_cast<double>(logit - highest));

    std::vector<int32_t> ids(last.size());
    std::iota(ids.begin(), ids.end(), 0);
    const auto more_probable = [&](int32_t a, int32_t b) {
      return last[static_cast<size_t>(a)] > last[static_cast<size_t>(b)];
    };
    const size_t shown = std::min<size_t>(5, ids.size());
    std::partial_sort(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(shown), ids.end(),
                      more_probable);
    for (size_t i = 0; i < shown; ++i) {
      const double probability =
          std::exp(static_cast<double>(last[static_cast<size_t>(ids[i])] - highest)) / sum;
      std::printf("%5.1f %%  %6d  \"%s\"\n", 100 * probability, ids[i],
                  model.tokenizer().decode({&ids[i], 1}, /*with_special=*/true).c_str());
    }
    std::printf("predict_next says %d\n", model.predict_next(tokens));
  } catch (const realizar::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
