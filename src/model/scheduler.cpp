#include "model/scheduler.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace realizar::model {

Scheduler::Scheduler(fusion::Device& device, KvPages& pages, SchedulerOptions options)
    : device_(device), pages_(pages), options_(std::move(options)) {
  require(options_.n_vocab > 0 && options_.n_context > 0 && options_.max_batch_tokens > 0,
          ErrorKind::invalid_argument,
          "a scheduler needs a vocabulary, a context and a batch of at least one token");
  require(pages_.pages_for(options_.n_context) <= pages_.n_pages(), ErrorKind::invalid_argument,
          "a context of ", options_.n_context, " positions needs ", pages_.pages_for(options_.n_context),
          " pages of the KV cache, which has ", pages_.n_pages(),
          ": make the context smaller or the cache larger");
}

Scheduler::~Scheduler() {
  for (const auto& job : running_) close(*job);
  for (const auto& job : waiting_) close(*job);
}

int32_t Scheduler::Job::token(size_t index) const {
  const size_t n_prompt = request.prompt.size();
  return index < n_prompt ? request.prompt[index] : generation->result_.tokens[index - n_prompt];
}

std::shared_ptr<Generation> Scheduler::submit(GenerationRequest request) {
  require(!request.prompt.empty(), ErrorKind::invalid_argument,
          "the prompt has no tokens: give at least one, such as BOS");
  require(request.prompt.size() <= options_.n_context, ErrorKind::limit_exceeded, "the prompt has ",
          request.prompt.size(), " tokens, the context ", options_.n_context,
          " positions: shorten the prompt or load the model with a larger context");
  for (size_t i = 0; i < request.prompt.size(); ++i)
    require(request.prompt[i] >= 0 && request.prompt[i] < options_.n_vocab, ErrorKind::invalid_argument,
            "token ", request.prompt[i], " at position ", i, " of the prompt is outside the vocabulary of ",
            options_.n_vocab);
  require(request.max_tokens >= -1, ErrorKind::invalid_argument, "max_tokens is ", request.max_tokens,
          ": give a number of tokens, or -1 for no limit");

  Sampler sampler(request.sampler, options_.token_text);
  StopStrings stop(request.stop);
  auto job =
      std::make_unique<Job>(Job{.request = std::move(request),
                                .generation = std::make_shared<Generation>(),
                                .sampler = std::move(sampler),
                                .decoder = options_.new_decoder ? options_.new_decoder() : TextDecoder(),
                                .stop = std::move(stop),
                                .submitted = Clock::now()});
  const GenerationRequest& r = job->request;
  GenerationResult& result = job->generation->result_;
  result.n_prompt = r.prompt.size();
  result.seed = job->sampler.seed();
  result.sampler = job->sampler.describe();
  const size_t room = options_.n_context - r.prompt.size();
  const size_t longest =
      r.prompt.size() + (r.max_tokens < 0 ? room : std::min(room, static_cast<size_t>(r.max_tokens)));
  job->n_reserved = pages_.pages_for(longest);

  std::shared_ptr<Generation> generation = job->generation;
  if (r.max_tokens == 0)
    end(*job, StopReason::max_tokens);
  else
    waiting_.push_back(std::move(job));
  return generation;
}

bool Scheduler::step() {
  for (const auto& job : running_)
    if (job->generation->cancelled_) end(*job, StopReason::cancelled);
  for (const auto& job : waiting_)
    if (job->generation->cancelled_) end(*job, StopReason::cancelled);
  const auto is_done = [](const std::unique_ptr<Job>& job) { return job->generation->done(); };
  std::erase_if(running_, is_done);
  std::erase_if(waiting_, is_done);

  start_waiting();
  const std::vector<Job*> jobs = fill_batch();
  if (!jobs.empty()) run_batch(jobs);
  std::erase_if(running_, is_done);
  return !running_.empty() || !waiting_.empty();
}

const GenerationResult& Scheduler::finish(const Generation& generation) {
  while (!generation.done() && step()) {}
  return generation.result();
}

void Scheduler::start_waiting() {
  while (!waiting_.empty() && n_reserved_ + waiting_.front()->n_reserved <= pages_.n_pages()) {
    std::unique_ptr<Job> job = std::move(waiting_.front());
    waiting_.pop_front();
    const std::vector<int32_t>& prompt = job->request.prompt;
    for (const int32_t token : prompt) job->sampler.accept(token);
    job->sequence = pages_.create();
    n_reserved_ += job->n_reserved;
    // The last token is always computed: its logits choose the first new one.
    job->n_run = pages_.reuse_prefix(*job->sequence, prompt, prompt.size() - 1);
    job->generation->result_.n_reused = job->n_run;
    job->generation->result_.start_seconds = job->seconds();
    running_.push_back(std::move(job));
  }
}

std::vector<Scheduler::Job*> Scheduler::fill_batch() {
  tokens_.clear();
  positions_.clear();
  rows_.clear();
  wants_logits_.clear();
  copies_.clear();
  std::vector<Job*> jobs;
  const auto add = [&](Job& job, size_t n_tokens) {
    guard(job, [&] {
      add_to_batch(job, static_cast<int32_t>(jobs.size()), n_tokens);
      jobs.push_back(&job);
    });
  };
  // Those that decode come first, since somebody reads along; a prompt that waits still gets one token at
  // least.
  const bool any_reads =
      std::any_of(running_.begin(), running_.end(), [](const auto& job) { return !job->decodes(); });
  const size_t room_to_decode = options_.max_batch_tokens - (any_reads ? 1 : 0);
  std::vector<Job*> decoding;
  for (size_t i = 0; i < running_.size(); ++i) {
    Job* job = running_[(turn_ + i) % running_.size()].get();
    if (job->decodes() && decoding.size() < room_to_decode) decoding.push_back(job);
  }
  for (Job* job : decoding) add(*job, 1);
  // Prompts in the order they came.
  for (const auto& job : running_) {
    const size_t room = options_.max_batch_tokens - tokens_.size();
    if (room > 0 && !job->decodes()) add(*job, std::min(room, job->request.prompt.size() - job->n_run));
  }
  if (tokens_.size() == options_.max_batch_tokens) ++turn_;
  return jobs;
}

void Scheduler::add_to_batch(Job& job, int32_t row, size_t n_tokens) {
  std::vector<int32_t> part;
  for (size_t i = 0; i < n_tokens; ++i) part.push_back(job.token(job.n_run + i));
  require(pages_.extend(*job.sequence, part, copies_), ErrorKind::out_of_memory,
          "the KV cache has no room for a generation that has started: others than the scheduler hold some "
          "of its ",
          pages_.n_pages(), " pages");
  for (const int32_t token : part) {
    tokens_.push_back(token);
    positions_.push_back(static_cast<int32_t>(job.n_run++));
    rows_.push_back(row);
    wants_logits_.push_back(0);
  }
  job.wants_logits = job.n_run == job.n_tokens();
  wants_logits_.back() = job.wants_logits;
}

void Scheduler::run_batch(const std::vector<Job*>& jobs) {
  std::vector<std::span<const int32_t>> page_tables;
  for (const Job* job : jobs) page_tables.push_back(pages_.page_table(*job->sequence));
  std::span<const float> logits;
  try {
    for (const KvPages::Copy& copy : copies_) device_.copy_page(copy.from, copy.to);
    logits = device_.run({.tokens = tokens_,
                          .positions = positions_,
                          .sequences = rows_,
                          .wants_logits = wants_logits_,
                          .page_tables = page_tables});
  } catch (...) {
    for (Job* job : jobs) fail_job(*job);
    return;
  }
  for (Job* job : jobs) pages_.commit(*job->sequence);
  const auto n_vocab = static_cast<size_t>(options_.n_vocab);
  size_t row = 0;
  for (Job* job : jobs) {
    if (job->wants_logits) {
      const std::span<const float> mine = logits.subspan(row++ * n_vocab, n_vocab);
      guard(*job, [&] { take_token(*job, mine); });
    } else if (job->request.on_prefill) {
      guard(*job, [&] {
        if (!job->request.on_prefill(job->n_run, job->request.prompt.size()))
          end(*job, StopReason::cancelled);
      });
    }
  }
}

void Scheduler::take_token(Job& job, std::span<const float> logits) {
  GenerationResult& result = job.generation->result_;
  const int32_t token = job.sampler.sample(logits);
  job.sampler.accept(token);
  if (result.tokens.empty()) result.first_token_seconds = job.seconds();
  result.tokens.push_back(token);
  if (options_.ends_generation && options_.ends_generation(token))
    return end(job, StopReason::end_of_generation);

  const std::string text = job.decoder.push ? job.decoder.push(token) : std::string();
  if (!show(job, job.stop.push(text))) return end(job, StopReason::cancelled);
  if (job.stop.matched()) return end(job, StopReason::stop_string);
  if (job.request.max_tokens >= 0 && result.tokens.size() >= static_cast<size_t>(job.request.max_tokens))
    return end(job, StopReason::max_tokens);
  // The token just chosen has no place in the context any more.
  if (job.n_tokens() > options_.n_context) end(job, StopReason::context_full);
}

bool Scheduler::show(Job& job, const std::string& piece) {
  job.generation->result_.text += piece;
  return !job.request.on_text || job.request.on_text(piece);
}

void Scheduler::end(Job& job, StopReason reason) {
  job.generation->result_.stop_reason = reason;
  guard(job, [&] {
    if (reason == StopReason::cancelled || reason == StopReason::stop_string) return;
    std::string rest = job.stop.push(job.decoder.finish ? job.decoder.finish() : std::string());
    rest += job.stop.finish();
    if (!rest.empty()) show(job, rest);
  });
  close(job);
}

void Scheduler::fail_job(Job& job) {
  job.generation->error_ = std::current_exception();
  close(job);
}

/// Gives back what the job holds. Its pages keep their contents for a prompt that begins alike.
void Scheduler::close(Job& job) {
  if (job.generation->done_) return;
  if (job.sequence) {
    pages_.release(*job.sequence);
    n_reserved_ -= job.n_reserved;
    job.sequence.reset();
  }
  job.generation->result_.total_seconds = job.seconds();
  job.generation->done_ = true;
}

template <class Act>
void Scheduler::guard(Job& job, Act act) {
  try {
    act();
  } catch (...) {
    fail_job(job);
  }
}

}  // namespace realizar::model
