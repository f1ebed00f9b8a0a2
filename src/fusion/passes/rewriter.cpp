#include "fusion/passes/rewriter.hpp"

#include <algorithm>

#include "fusion/kv_access.hpp"

namespace realizar::fusion {
namespace {

struct Effects {
  std::vector<Slot> reads, writes;
  std::vector<int> stores, attends;  // layers of the cache

  explicit Effects(const Op& op) {
    for_each_slot(
        op, [this](const Slot& slot) { reads.push_back(slot); },
        [this](const Slot& slot) { writes.push_back(slot); });
    for_each_kv_access(
        op, [this](int layer) { stores.push_back(layer); }, [this](int layer) { attends.push_back(layer); });
  }
};

bool meet(const std::vector<Slot>& a, const std::vector<Slot>& b) {
  return std::any_of(a.begin(), a.end(), [&b](const Slot& x) {
    return std::any_of(b.begin(), b.end(), [&x](const Slot& y) { return overlap(x, y); });
  });
}

bool meet(const std::vector<int>& a, const std::vector<int>& b) {
  return std::find_first_of(a.begin(), a.end(), b.begin(), b.end()) != a.end();
}

}  // namespace

bool overlap(const Slot& a, const Slot& b) {
  return a && b && a.buffer == b.buffer && a.offset < b.offset + b.width && b.offset < a.offset + a.width;
}

bool independent(const Op& a, const Op& b) {
  const Effects x(a), y(b);
  return !meet(x.writes, y.reads) && !meet(x.writes, y.writes) && !meet(x.reads, y.writes) &&
         !meet(x.stores, y.attends) && !meet(x.attends, y.stores) && !meet(x.stores, y.stores);
}

Rewriter::Rewriter(Plan& plan)
    : plan_(plan),
      removed_(plan.ops.size()),
      reads_(plan.buffer_widths.size()),
      writes_(plan.buffer_widths.size()) {
  for (size_t i = 0; i < size(); ++i)
    for_each_slot(
        op(i),
        [&](const Slot& slot) {
          reads_[static_cast<size_t>(slot.buffer)].push_back({i, slot});
        },
        [&](const Slot& slot) {
          writes_[static_cast<size_t>(slot.buffer)].push_back({i, slot});
        });
}

std::vector<size_t> Rewriter::touching(const ByBuffer& accesses, const Slot& slot) {
  std::vector<size_t> ops;
  for (const Access& access : accesses[static_cast<size_t>(slot.buffer)])
    if (overlap(access.slot, slot) && (ops.empty() || ops.back() != access.op)) ops.push_back(access.op);
  return ops;
}

std::optional<size_t> Rewriter::sole_producer(const Slot& slot, size_t reader) const {
  const std::vector<size_t> read_by = readers(slot), written_by = writers(slot);
  if (read_by != std::vector{reader} || written_by.size() != 1 || written_by[0] >= reader)
    return std::nullopt;
  for (const Access& access : writes_[static_cast<size_t>(slot.buffer)])
    if (access.op == written_by[0] && overlap(access.slot, slot) && access.slot != slot) return std::nullopt;
  return written_by[0];
}

bool Rewriter::can_move(size_t from, size_t to) const {
  const auto [first, last] = std::minmax(from, to);
  for (size_t i = first + 1; i < last; ++i)
    if (!removed_[i] && !independent(op(from), op(i))) return false;
  return true;
}

void Rewriter::finish() {
  size_t kept = 0;
  for (size_t i = 0; i < size(); ++i)
    if (!removed_[i]) {
      if (kept != i) plan_.ops[kept] = std::move(plan_.ops[i]);
      ++kept;
    }
  plan_.ops.erase(plan_.ops.begin() + static_cast<std::ptrdiff_t>(kept), plan_.ops.end());
}

}  // namespace realizar::fusion
