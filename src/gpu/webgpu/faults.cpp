#include "gpu/webgpu/faults.hpp"

#include <map>
#include <utility>

#include "base/error.hpp"
#include "gpu/webgpu/handle.hpp"

namespace realizar::gpu::webgpu {
namespace {

/// All faults by number: a callback that comes late finds nothing, instead of memory that is gone.
struct Registry {
  std::mutex mutex;
  std::map<uint64_t, std::weak_ptr<Faults>> faults;
  uint64_t next = 1;
};

Registry& registry() {
  static Registry* const never_destroyed = new Registry;  // callbacks may come from threads that outlive main
  return *never_destroyed;
}

/// The library's words on one line.
std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\n' || c == '\t';
    if (space && (line.empty() || line.back() == ' ')) continue;
    line += space ? ' ' : c;
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

}  // namespace

std::shared_ptr<Faults> Faults::create() {
  const std::shared_ptr<Faults> faults(new Faults);
  const std::lock_guard lock(registry().mutex);
  faults->number_ = registry().next++;
  registry().faults[faults->number_] = faults;
  return faults;
}

Faults::~Faults() {
  const std::lock_guard lock(registry().mutex);
  registry().faults.erase(number_);
}

void* Faults::key() const { return reinterpret_cast<void*>(static_cast<uintptr_t>(number_)); }

std::shared_ptr<Faults> Faults::find(const void* key) {
  const std::lock_guard lock(registry().mutex);
  const auto found = registry().faults.find(reinterpret_cast<uintptr_t>(key));
  return found == registry().faults.end() ? nullptr : found->second.lock();
}

WGPUDeviceLostCallbackInfo Faults::lost_callback() const {
  WGPUDeviceLostCallbackInfo info{};
  info.mode = WGPUCallbackMode_AllowSpontaneous;
  info.callback = [](const WGPUDevice*, WGPUDeviceLostReason, WGPUStringView message, void* key, void*) {
    if (const auto faults = find(key)) faults->lose(one_line(view(message)));
  };
  info.userdata1 = key();
  return info;
}

WGPUUncapturedErrorCallbackInfo Faults::error_callback() const {
  WGPUUncapturedErrorCallbackInfo info{};
  info.callback = [](const WGPUDevice*, WGPUErrorType type, WGPUStringView message, void* key, void*) {
    const auto kind = type == WGPUErrorType_OutOfMemory ? ErrorKind::out_of_memory : ErrorKind::internal;
    if (const auto faults = find(key)) faults->record(kind, one_line(view(message)));
  };
  info.userdata1 = key();
  return info;
}

void Faults::lose(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  if (!lost_) lost_ = reason;
}

bool Faults::lost() const {
  const std::lock_guard lock(mutex_);
  return lost_.has_value();
}

void Faults::record(ErrorKind kind, std::string message) {
  const std::lock_guard lock(mutex_);
  if (!first_) first_ = Fault{kind, std::move(message)};
}

void Faults::require_alive(const char* action) const {
  const std::lock_guard lock(mutex_);
  if (lost_)
    fail(ErrorKind::io, "the GPU was lost (", *lost_, ") and cannot ", action,
         ": start again, or use the CPU");
}

void Faults::require_none(const std::string& action) {
  const std::lock_guard lock(mutex_);
  const std::optional<Fault> fault = std::exchange(first_, std::nullopt);
  if (lost_)
    fail(ErrorKind::io, "the GPU was lost (", *lost_, ") and could not ", action,
         ": start again, or use the CPU");
  if (!fault) return;
  if (fault->kind == ErrorKind::out_of_memory)
    fail(ErrorKind::out_of_memory, "the GPU ran out of memory and could not ", action, ": ", fault->message);
  fail(fault->kind, "the GPU could not ", action, ": ", fault->message);
}

}  // namespace realizar::gpu::webgpu
