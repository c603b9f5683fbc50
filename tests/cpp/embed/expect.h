// What the tests that embed the library share.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include "zoo/tensor.h"

inline zoo::Tensor steps_of(const zoo::Tensor& input, std::int64_t begin, std::int64_t count) {
  const std::int64_t features = input.shape().at(2);
  return zoo::Tensor::of({1, count, features},
                         input.values<float>().subspan(begin * features, count * features));
}

inline bool same(const zoo::Tensor& a, const zoo::Tensor& b) {
  return a.shape() == b.shape() && std::ranges::equal(a.bytes(), b.bytes());
}

inline bool same(const std::vector<zoo::Tensor>& a, const std::vector<zoo::Tensor>& b) {
  return std::ranges::equal(a, b, [](const zoo::Tensor& x, const zoo::Tensor& y) { return same(x, y); });
}

inline std::atomic<int>& failures() {
  static std::atomic<int> count = 0;
  return count;
}

inline void expect(bool holds, const std::string& what) {
  if (holds) return;
  ++failures();
  std::cout << "does not hold: " + what + "\n" << std::flush;
}
