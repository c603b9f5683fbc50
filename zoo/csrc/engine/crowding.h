#pragma once

#include <algorithm>
#include <atomic>

namespace zoo::engine {

// Tells, call by call, whether threads should share units and so keep step with each other. If another
// program has one of their cores, a try costs time until the core is free again, so the calls after a crowded
// one do not try. These are few at first, because a thread that the crowded call itself started is late only
// once; their number doubles each time a try fails again.
class Crowding {
 public:
  static constexpr int kFewest = 4, kMost = 128;  // calls

  bool keep_step() const noexcept { return apart_.load(std::memory_order_relaxed) <= 0; }

  // To be called after each call, with the answer of keep_step() and whether the call was crowded. Callers on
  // several threads may lose a count; only speed depends on it.
  void learn(bool keep_step, bool crowded) noexcept {
    if (!keep_step) {
      apart_.fetch_sub(1, std::memory_order_relaxed);
      return;
    }
    const int pause = pause_.load(std::memory_order_relaxed);
    if (crowded) apart_.store(pause, std::memory_order_relaxed);
    pause_.store(crowded ? std::min(2 * pause, kMost) : std::max(pause / 2, kFewest),
                 std::memory_order_relaxed);
  }

 private:
  std::atomic<int> apart_{0};
  std::atomic<int> pause_{kFewest};
};

}  // namespace zoo::engine
