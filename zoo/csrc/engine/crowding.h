#pragma once

#include <algorithm>
#include <atomic>

namespace zoo {

// Says, call by call, whether threads should share units and so keep step with each other. Where another
// program has a core, each try costs until the core comes back: after a crowded call the next ones do not
// try. They are few at first, for a thread that was started by that very call is late only once, and twice as
// many each time it happens again.
class Crowding {
 public:
  static constexpr int kFewest = 4, kMost = 128;  // calls

  bool keep_step() const noexcept { return apart_.load(std::memory_order_relaxed) <= 0; }

  // Call after each call with what keep_step() answered for it and what became of it. Callers on several
  // threads may lose a count to each other; nothing but time depends on it.
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

}  // namespace zoo
