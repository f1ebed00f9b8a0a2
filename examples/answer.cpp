// answer MODEL.gguf QUESTION: streams the model's answer to a question.
#include <cstdio>
#include <iostream>

#include "realizar/engine.hpp"
#include "realizar/error.hpp"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s MODEL.gguf QUESTION\n", argv[0]);
    return 2;
  }
  try {
    realizar::Engine engine(realizar::GGUFTransformer::load(argv[1], {.n_context = 2048}));

    const realizar::ChatMessage question{"user", argv[2]};
    realizar::GenerationRequest request;
    request.prompt = engine.model().encode_chat({&question, 1});
    request.sampler.temperature = 0;  // always the most probable token
    request.max_tokens = 256;
    request.on_text = [](std::string_view piece) {
      std::cout << piece << std::flush;
      return true;  // false would cancel
    };

    const realizar::GenerationResult result = engine.generate(request);
    std::cout << "\n";
    std::fprintf(stderr, "%zu tokens at %.1f tok/s, ended by %s\n", result.tokens.size(),
                 result.decode_tokens_per_second(), to_string(result.stop_reason));
  } catch (const realizar::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
