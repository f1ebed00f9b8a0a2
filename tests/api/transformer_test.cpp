#include "realizar/transformer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "api/support.hpp"
#include "realizar/model_receiver.hpp"
#include "support/tiny_model.hpp"

namespace realizar::test {
namespace {

TEST(Transformer, ForwardGivesARowOfLogitsATokenOfTheInput) {
  FakeModel fake;
  const std::vector<int32_t> tokens = some_tokens(100);
  const std::vector<float> logits = fake.model->forward(tokens);
  const auto n_vocab = static_cast<size_t>(fake.model->n_vocab());
  ASSERT_EQ(logits.size(), tokens.size() * n_vocab);
  size_t next = 90;
  fake.model->forward(tokens, 90, [&](size_t i, std::span<const float> row) {
    EXPECT_EQ(i, next++);
    EXPECT_TRUE(
        std::equal(row.begin(), row.end(), logits.begin() + static_cast<std::ptrdiff_t>(i * n_vocab)));
  });
  EXPECT_EQ(next, tokens.size());
}

TEST(Transformer, PredictNextIsTheLowestOfTheMostProbableTokens) {
  FakeModel fake;
  const std::vector<int32_t> tokens = some_tokens(7);
  const std::vector<float> logits = fake.model->forward(tokens);
  const auto last = logits.end() - fake.model->n_vocab();
  EXPECT_EQ(fake.model->predict_next(tokens), std::max_element(last, logits.end()) - last);
}

TEST(Transformer, ForwardRefusesWhatCannotBe) {
  FakeModel fake({.n_context = 64});
  const auto forward = [&](std::vector<int32_t> tokens) {
    return error_of([&] { fake.model->forward(tokens); });
  };
  EXPECT_EQ(forward({}), ErrorKind::invalid_argument);
  EXPECT_EQ(forward({-1}), ErrorKind::invalid_argument);
  EXPECT_EQ(forward({static_cast<int32_t>(tiny_vocabulary_size)}), ErrorKind::invalid_argument);
  EXPECT_EQ(forward(some_tokens(65)), ErrorKind::limit_exceeded);
  EXPECT_EQ(forward(some_tokens(64)), std::nullopt);
  EXPECT_EQ(error_of([&] { fake.model->predict_next({}); }), ErrorKind::invalid_argument);
}

TEST(Transformer, OptionsReachTheDevice) {
  FakeModel fake({.n_threads = 3,
                  .arithmetic = Arithmetic::exact,
                  .kv_type = KvType::q8_0,
                  .n_context = 100,
                  .max_batch_tokens = 17});
  EXPECT_EQ(fake.asked.n_threads, 3);
  EXPECT_EQ(fake.asked.arithmetic, fusion::Arithmetic::exact);
  EXPECT_EQ(fake.asked.kv_type, fusion::KvType::q8_0);
  EXPECT_EQ(fake.asked.max_batch_tokens, 17);
  EXPECT_EQ(fake.model->n_threads(), 3);
  EXPECT_EQ(fake.model->n_context(), 100);
  fake.model->forward(some_tokens(100));
  EXPECT_EQ(fake.device->largest_batch, 17u);
}

TEST(Transformer, TheContextIsWhatTheModelWasTrainedForUpTo8192) {
  EXPECT_EQ(FakeModel({}, {.n_context = 300}).model->n_context(), 300);
  EXPECT_EQ(FakeModel({}, {.n_context = 100000}).model->n_context(), 8192);
}

TEST(Transformer, AFileThatGivesNoContextNeedsOne) {
  EXPECT_EQ(error_of([] { FakeModel fake({}, {.n_context = 0}); }), ErrorKind::invalid_argument);
  EXPECT_EQ(error_of([] { FakeModel fake({}, {.n_context = UINT32_MAX}); }), ErrorKind::invalid_argument);
  const FakeModel fake({.n_context = 64}, {.n_context = UINT32_MAX});
  EXPECT_EQ(fake.model->n_context(), 64);
  EXPECT_EQ(inspect(fake.path).shape->n_context_train, 0);
  EXPECT_FALSE(inspect(fake.path).memory);
  EXPECT_EQ(inspect(fake.path, {.n_context = 64}).memory->n_context, 64);
}

TEST(Transformer, RefusesImpossibleOptions) {
  const auto load = [](const LoadOptions& options) { return error_of([&] { FakeModel{options}; }); };
  EXPECT_EQ(load({.n_threads = -1}), ErrorKind::invalid_argument);
  EXPECT_EQ(load({.n_context = -1}), ErrorKind::invalid_argument);
  EXPECT_EQ(load({.n_streams = 0}), ErrorKind::invalid_argument);
  EXPECT_EQ(load({.max_batch_tokens = 0}), ErrorKind::invalid_argument);
}

TEST(Transformer, APromptBeginsWithBosAndParsesSpecialTokens) {
  FakeModel fake;
  EXPECT_EQ(fake.model->encode_prompt("hi</s>"), (std::vector<int32_t>{1, 261, 2}));
  EXPECT_EQ(fake.model->encode_prompt("<s>hi"), (std::vector<int32_t>{1, 261}));
  EXPECT_EQ(fake.model->encode_prompt(""), (std::vector<int32_t>{1}));
}

TEST(Transformer, AConversationIsWrittenByTheTemplateOfTheModel) {
  FakeModel fake;
  const std::vector<ChatMessage> messages = {{"system", "be brief"}, {"user", "hi"}};
  EXPECT_EQ(fake.model->render_chat(messages), "[system]be brief\n[user]hi\n[assistant]");
  EXPECT_EQ(fake.model->encode_chat(messages),
            fake.model->encode_prompt("[system]be brief\n[user]hi\n[assistant]"));
}

TEST(Transformer, SaysWhatTheFileLacks) {
  FakeModel ids_only({}, {.vocabulary = false, .chat_template = false});
  EXPECT_FALSE(ids_only.model->has_tokenizer());
  EXPECT_EQ(error_of([&] { ids_only.model->tokenizer(); }), ErrorKind::unsupported);
  EXPECT_EQ(error_of([&] { ids_only.model->encode_prompt("hi"); }), ErrorKind::unsupported);
  EXPECT_EQ(ids_only.model->forward(some_tokens(3)).size(), 3 * tiny_vocabulary_size);
  FakeModel no_template({}, {.chat_template = false});
  EXPECT_EQ(error_of([&] { no_template.model->encode_chat({}); }), ErrorKind::unsupported);
}

TEST(Transformer, OneThatWasReceivedComputesTheSameBits) {
  const TemporaryFolder folder;
  write_tiny_model(folder.file("tiny.gguf"));
  std::ifstream in(folder.file("tiny.gguf"), std::ios::binary);
  const std::string file((std::istreambuf_iterator<char>(in)), {});
  const auto bytes = std::as_bytes(std::span(file));
  ModelReceiver receiver("tiny.gguf", bytes.size());
  for (size_t at = 0; at < bytes.size(); at += 1000)
    receiver.append(bytes.subspan(at, std::min<size_t>(1000, bytes.size() - at)));
  GGUFTransformer received = std::move(receiver).load();
  GGUFTransformer mapped = GGUFTransformer::load(folder.file("tiny.gguf"));
  EXPECT_EQ(received.name(), "tiny");
  EXPECT_GT(received.n_parameters(), 20'000u);
  const std::vector<int32_t> tokens = received.encode_prompt("hi");
  EXPECT_EQ(received.forward(tokens), mapped.forward(tokens));
}

TEST(Transformer, OneThatIsReceivedRefusesWhatCannotBe) {
  EXPECT_EQ(error_of([] { ModelReceiver("m", 10).load({.device = DeviceChoice::gpu}); }),
            ErrorKind::invalid_argument);
  EXPECT_EQ(error_of([] { ModelReceiver("m", 10).load(); }), ErrorKind::invalid_file);
}

TEST(Transformer, ATokenReadsTheWeightsAndTheCache) {
  FakeModel fake;
  const FileInfo info = inspect(fake.path);
  uint64_t weights = 0;
  for (const TensorEntry& tensor : info.tensors)
    weights += tensor.name == "token_embd.weight" ? tensor.bytes / tiny_vocabulary_size : tensor.bytes;
  EXPECT_EQ(fake.model->bytes_per_token(0), weights);
  EXPECT_EQ(fake.model->bytes_per_token(10) - weights, 10u * 2 * 2 * 32 * 2);  // layers, k and v, width, f16
}

}  // namespace
}  // namespace realizar::test
