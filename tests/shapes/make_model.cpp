#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "shapes/shapes.hpp"
#include "shapes/write_shape.hpp"

// Writes a model of a real shape with random weights: how fast an engine is does not depend on what they say.
namespace {

template <class T>
std::vector<std::string> names(const std::vector<T>& all) {
  std::vector<std::string> out;
  for (const T& each : all) out.push_back(each.name);
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace realizar::test;
  CLI::App program("write a GGUF model of a real shape with random weights, to time engines on");
  program.footer(
      "Examples:\n"
      "  make_model llama-1b q4_k_m llama-1b.gguf\n"
      "  make_model llama-8b q8_0 four-layers.gguf --layers 4\n"
      "  make_model experts-64 mxfp4 experts.gguf");
  std::string shape_name, mix_name, path;
  int n_layers = 0;
  program.add_option("SHAPE", shape_name, "the model's sizes")
      ->required()
      ->check(CLI::IsMember(names(shapes())));
  program.add_option("MIX", mix_name, "the formats of its matrices")
      ->required()
      ->check(CLI::IsMember(names(mixes())));
  program.add_option("FILE", path, "where to write it")->required();
  program.add_option("--layers", n_layers, "layers, where not those of the shape")
      ->check(CLI::Range(1, 1024));
  CLI11_PARSE(program, argc, argv);
  try {
    Recipe shape = shape_named(shape_name);
    if (n_layers > 0) shape.n_layers = n_layers;
    write_shape(shape, mix_named(mix_name), path);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "make_model: %s\n", error.what());
    return 1;
  }
  return 0;
}
