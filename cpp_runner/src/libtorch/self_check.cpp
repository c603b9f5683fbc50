#include "libtorch/self_check.h"

#include <cmath>
#include <utility>
#include <vector>

#include "base/message.h"
#include "core/compare.h"

namespace zoo {
namespace {

// Far above what rounding in that precision makes, and far below what a wrong program makes.
double tolerance_of(Precision precision) {
  switch (precision) {
    case Precision::fp32:
      return 1e-4;
    case Precision::bf16:
      return 0.1;
    case Precision::int8:
      return 0.3;
  }
  return 0;
}

}  // namespace

SelfCheck::SelfCheck(torch::jit::Module original, Precision precision)
    : original_(std::move(original)), tolerance_(tolerance_of(precision)) {}

std::string SelfCheck::compare(const Value& actual, const Value& expected) {
  const std::vector<NamedTensor> a = flatten(actual), b = flatten(expected);
  if (--left_ == 0) active_ = false;
  if (a.size() != b.size()) return "it gives other results than LibTorch";
  for (std::size_t i = 0; i < b.size(); ++i) {
    const double off = a[i].name == b[i].name ? share_of_range(a[i].tensor, b[i].tensor) : INFINITY;
    if (off <= tolerance_) continue;
    return "its result " + quote(b[i].name) +
           (std::isfinite(off) ? " is off by " + number_text(off) + " of the range of LibTorch's"
                               : " differs from LibTorch's");
  }
  return "";
}

}  // namespace zoo
