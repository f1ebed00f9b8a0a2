#pragma once

#include <filesystem>
#include <memory>

#include "realizar/generation.hpp"
#include "realizar/transformer.hpp"

namespace realizar {

namespace model {
class Generation;
}

/// A generation that an `Engine` works on. Copies name the same one; it may outlive the engine.
class GenerationStream {
 public:
  /// Ends it before its next token. May be called from any thread and from its own callbacks.
  void cancel();

  bool done() const;

  /// What has come of it so far; all of it once done(). Throws what went wrong, if something did.
  const GenerationResult& result() const;

 private:
  friend class Engine;
  explicit GenerationStream(std::shared_ptr<model::Generation> generation);

  std::shared_ptr<model::Generation> generation_;
};

/// Generates with one model for any number of requests at once: those that run share every pass over the
/// weights. What a request yields does not depend on the others.
///
/// The engine works while `step`, `wait` or `generate` is called, on the caller's thread; one thread at a
/// time may call it. `LoadOptions::n_streams` says for how many sequences of full length the cache has room;
/// requests beyond that wait their turn.
class Engine {
 public:
  explicit Engine(GGUFTransformer model);
  ~Engine();
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;

  /// Takes a request in. Throws `Error`: invalid_argument for an empty prompt, a token outside the vocabulary
  /// or settings that cannot be, limit_exceeded for a prompt longer than the context.
  GenerationStream submit(GenerationRequest request);

  /// Computes one batch. False when no request is left.
  bool step();

  /// Works until this generation is done, and returns its result. Throws what went wrong with it.
  const GenerationResult& wait(const GenerationStream& stream);

  /// `submit` and `wait`.
  GenerationResult generate(GenerationRequest request);

  const GGUFTransformer& model() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace realizar
