#include <algorithm>

#include "fusion/passes/passes.hpp"
#include "fusion/passes/rewriter.hpp"

namespace realizar::fusion {
namespace {

/// Whether the product reads the norm's output as its input and nothing else of it, and leaves the norm's
/// input alone.
bool can_do(const Products& products, const Norm& norm) {
  if (products.in != norm.out || products.norm || (products.add && overlap(products.add->a, norm.out)))
    return false;
  bool leaves = true;
  for_each_slot(
      products, [](const Slot&) {}, [&](const Slot& slot) { leaves = leaves && !overlap(slot, norm.in); });
  return leaves;
}

bool can_fold(const Rewriter& rewriter, size_t k) {
  const Norm& norm = *rewriter.find<Norm>(k);
  if (norm.width != norm.in.width || overlap(norm.in, norm.out)) return false;
  const std::vector<size_t> readers = rewriter.readers(norm.out);
  if (readers.empty() || readers.front() < k || rewriter.writers(norm.out) != std::vector{k}) return false;
  for (const size_t reader : readers) {
    const Products* products = rewriter.find<Products>(reader);
    if (!products || !can_do(*products, norm)) return false;
  }
  const std::vector<size_t> writers = rewriter.writers(norm.in);
  return std::none_of(writers.begin(), writers.end(), [&](size_t i) { return k < i && i < readers.back(); });
}

}  // namespace

void fold_norms(Plan& plan) {
  Rewriter rewriter(plan);
  for (size_t k = 0; k < rewriter.size(); ++k) {
    if (!rewriter.find<Norm>(k) || !can_fold(rewriter, k)) continue;
    const Norm norm = *rewriter.find<Norm>(k);
    for (const size_t reader : rewriter.readers(norm.out)) {
      Products products = *rewriter.find<Products>(reader);
      products.norm = norm;
      products.in = norm.in;
      rewriter.replace(reader, std::move(products));
    }
    rewriter.remove(k);
  }
  rewriter.finish();
}

}  // namespace realizar::fusion
