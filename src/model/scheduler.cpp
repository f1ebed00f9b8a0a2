#include "model/scheduler.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace realizar::model {
namespace {

/// What a device chose, if it could.
int32_t chosen_token(int32_t token) {
  if (token == fusion::all_ruled_out) fail_without_candidates();
  if (token < 0) fail_on_logit(-1 - token, "no finite number");
  return token;
}

}  // namespace

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
  if (index >= n_tokens()) return -1 - last_row.value();
  return index < n_prompt ? request.prompt[index] : generation->result_.tokens[index - n_prompt];
}

/// Whether its next token is known to the host or to the device, and has a place.
bool Scheduler::Job::may_decode(size_t n_context) const {
  const size_t n_chosen = generation->result_.tokens.size() + n_ahead;
  return decodes() && (n_run < n_tokens() || last_row) && n_run < n_context &&
         (request.max_tokens < 0 || n_chosen < static_cast<size_t>(request.max_tokens));
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
      std::make_shared<Job>(Job{.request = std::move(request),
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
  const std::string host_sampling = job->sampler.needs_host(device_.most_candidates());
  job->on_device = host_sampling.empty();
  if (!device_.gpu().empty()) result.host_sampling = host_sampling;
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
  const auto is_done = [](const std::shared_ptr<Job>& job) { return job->generation->done(); };
  std::erase_if(running_, is_done);
  std::erase_if(waiting_, is_done);

  start_waiting();
  std::vector<Part> parts = fill_batch();
  // Without a batch to start, one that is read makes tokens known.
  size_t most_started = parts.empty() && !started_.empty() ? started_.size() - 1 : most_ahead;
  const auto needs_host = [](const Part& part) { return part.asks && !part.job->on_device; };
  if (device_.most_candidates() == 0 || std::any_of(parts.begin(), parts.end(), needs_host)) most_started = 0;
  if (!parts.empty()) start_batch(std::move(parts));
  while (started_.size() > most_started) read_batch();
  std::erase_if(running_, is_done);
  if (running_.empty()) started_.clear();
  return !running_.empty() || !waiting_.empty();
}

const GenerationResult& Scheduler::finish(const Generation& generation) {
  while (!generation.done() && step()) {}
  return generation.result();
}

void Scheduler::start_waiting() {
  while (!waiting_.empty() && n_reserved_ + waiting_.front()->n_reserved <= pages_.n_pages()) {
    std::shared_ptr<Job> job = std::move(waiting_.front());
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

std::vector<Scheduler::Part> Scheduler::fill_batch() {
  tokens_.clear();
  positions_.clear();
  rows_.clear();
  wants_logits_.clear();
  choices_.clear();
  copies_.clear();
  std::vector<Part> parts;
  const auto add = [&](const std::shared_ptr<Job>& job, size_t n_tokens) {
    guard(*job, [&] { parts.push_back(add_to_batch(job, static_cast<int32_t>(parts.size()), n_tokens)); });
  };
  // Those that decode come first, since somebody reads along; a prompt that waits still gets one token at
  // least.
  const bool any_reads =
      std::any_of(running_.begin(), running_.end(), [](const auto& job) { return !job->decodes(); });
  const size_t room_to_decode = options_.max_batch_tokens - (any_reads ? 1 : 0);
  std::vector<std::shared_ptr<Job>> decoding;
  for (size_t i = 0; i < running_.size(); ++i) {
    const std::shared_ptr<Job>& job = running_[(turn_ + i) % running_.size()];
    if (job->may_decode(options_.n_context) && decoding.size() < room_to_decode) decoding.push_back(job);
  }
  for (const auto& job : decoding) add(job, 1);
  // Prompts in the order they came.
  for (const auto& job : running_) {
    const size_t room = options_.max_batch_tokens - tokens_.size();
    if (room > 0 && !job->decodes()) add(job, std::min(room, job->request.prompt.size() - job->n_run));
  }
  if (tokens_.size() == options_.max_batch_tokens) ++turn_;
  return parts;
}

Scheduler::Part Scheduler::add_to_batch(const std::shared_ptr<Job>& job, int32_t row, size_t n_tokens) {
  Part part{job, job->n_run, n_tokens, job->n_run + n_tokens >= job->n_tokens()};
  const size_t n_known = pages_.tokens(*job->sequence).size();
  require(pages_.make_room(*job->sequence, part.first + n_tokens - n_known, copies_),
          ErrorKind::out_of_memory,
          "the KV cache has no room for a generation that has started: others than the scheduler hold some "
          "of its ",
          pages_.n_pages(), " pages");
  if (part.asks)
    choices_.push_back(job->on_device ? job->sampler.choice(job->n_ahead) : fusion::TokenChoice{});
  for (; job->n_run < part.first + n_tokens; ++job->n_run) {
    tokens_.push_back(job->token(job->n_run));
    positions_.push_back(static_cast<int32_t>(job->n_run));
    rows_.push_back(row);
    wants_logits_.push_back(0);
  }
  wants_logits_.back() = part.asks;
  return part;
}

void Scheduler::start_batch(std::vector<Part> parts) {
  std::vector<std::span<const int32_t>> page_tables;
  for (const Part& part : parts) page_tables.push_back(pages_.page_table(*part.job->sequence));
  std::unique_ptr<fusion::StartedBatch> batch;
  try {
    for (const KvPages::Copy& copy : copies_) device_.copy_page(copy.from, copy.to);
    batch = device_.start({.tokens = tokens_,
                           .positions = positions_,
                           .sequences = rows_,
                           .wants_logits = wants_logits_,
                           .page_tables = page_tables},
                          choices_);
  } catch (...) {
    for (const Part& part : parts) fail_job(*part.job);
    return;
  }
  for (const auto& job : running_) job->last_row.reset();
  int32_t row = 0;
  for (const Part& part : parts) {
    if (!part.asks) continue;
    if (part.job->on_device) part.job->last_row = row;
    ++part.job->n_ahead;
    ++row;
  }
  started_.push_back({std::move(parts), std::move(batch)});
}

void Scheduler::read_batch() {
  const Started started = std::move(started_.front());
  started_.pop_front();
  const auto is_done = [](const Part& part) { return part.job->generation->done(); };
  if (std::all_of(started.parts.begin(), started.parts.end(), is_done)) return;
  fusion::BatchResult result;
  try {
    result = started.batch->result();
  } catch (...) {
    for (const Part& part : started.parts) fail_job(*part.job);
    return;
  }
  // All are in the books before a callback sees any.
  for (const Part& part : started.parts) {
    if (is_done(part)) continue;
    std::vector<int32_t> tokens;
    for (size_t i = 0; i < part.n; ++i) tokens.push_back(part.job->token(part.first + i));
    std::vector<KvPages::Copy> none;
    pages_.extend(*part.job->sequence, tokens, none);
    pages_.commit(*part.job->sequence);
  }
  size_t row = 0;
  for (const Part& part : started.parts) {
    if (!is_done(part)) guard(*part.job, [&] { read_part(part, result, row); });
    row += part.asks;
  }
}

void Scheduler::read_part(const Part& part, const fusion::BatchResult& result, size_t row) {
  Job& job = *part.job;
  if (!part.asks) {
    if (job.request.on_prefill && !job.request.on_prefill(part.first + part.n, job.request.prompt.size()))
      end(job, StopReason::cancelled);
    return;
  }
  --job.n_ahead;
  if (job.on_device) return take_token(job, chosen_token(result.tokens[row]));
  const auto n_vocab = static_cast<size_t>(options_.n_vocab);
  take_token(job, job.sampler.sample(result.logits.subspan(row * n_vocab, n_vocab)));
}

void Scheduler::take_token(Job& job, int32_t token) {
  GenerationResult& result = job.generation->result_;
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
