// The first calls of an accelerated module, run as the file says too, and compared.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "zoo/options.h"
#include "zoo/value.h"

namespace zoo {

class SelfCheck {
 public:
  SelfCheck(torch::jit::Module original, Precision precision);

  // Whether calls are still compared. While they are, one call runs at a time: hold `mutex`.
  [[nodiscard]] bool active() const { return active_; }
  std::mutex mutex;

  [[nodiscard]] const torch::jit::Module& original() const { return original_; }
  // Compares what the two gave for a call, and counts it. Returns how they differ; empty where they agree.
  std::string compare(const Value& actual, const Value& expected);
  void end() { active_ = false; }

 private:
  std::atomic<bool> active_ = true;
  torch::jit::Module original_;
  double tolerance_;  // of the range of a result
  int left_ = 3;      // calls; the executor compiles anew in the first ones
};

}  // namespace zoo
