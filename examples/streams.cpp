// streams MODEL.gguf PROMPT...: continues several prompts at once. They share every pass over the weights, so
// together they take little longer than one alone, and each yields what it would yield alone.
#include <cstdio>
#include <vector>

#include "realizar/engine.hpp"
#include "realizar/error.hpp"

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s MODEL.gguf PROMPT...\n", argv[0]);
    return 2;
  }
  const int n_prompts = argc - 2;
  try {
    // The cache has room for n_streams sequences of n_context positions.
    realizar::Engine engine(
        realizar::GGUFTransformer::load(argv[1], {.n_context = 512, .n_streams = n_prompts}));

    std::vector<realizar::GenerationStream> streams;
    for (int i = 0; i < n_prompts; ++i) {
      realizar::GenerationRequest request;
      request.prompt = engine.model().encode_prompt(argv[2 + i]);
      request.max_tokens = 32;
      request.sampler.temperature = 0.8f;
      request.sampler.seed = 7;  // the same text on every machine
      streams.push_back(engine.submit(request));
    }
    while (engine.step()) {
      // A server would look for new requests here, and cancel those whose clients have left.
    }
    for (int i = 0; i < n_prompts; ++i)
      std::printf("%s ->%s\n", argv[2 + i], streams[static_cast<size_t>(i)].result().text.c_str());
  } catch (const realizar::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
