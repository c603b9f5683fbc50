#pragma once

#include <atomic>
#include <cstdint>
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#include <sched.h>

namespace zoo::engine {

// Turns of waiting, some 100 microseconds, after which the awaited thread must have lost its core to another
// program: the shares of a step do not differ by so much.
inline constexpr int kPatience = 4000;

inline void relax(int turn) noexcept {
  if (turn > kPatience) {
    sched_yield();
    return;
  }
#if defined(__x86_64__)
  _mm_pause();
#endif
}

// All of `size` threads arrive before any goes on. It spins: a step of a layer lasts microseconds, less than
// it takes to wake a thread.
class Barrier {
 public:
  // Returns whether a member has reported a crowded machine, or has waited here for more than kPatience turns
  // with `keep_step`. All members get the same answer.
  bool wait(int size, bool keep_step = true) noexcept {
    if (size == 1) return false;
    const uint32_t round = round_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == size) {
      // Only the last to arrive decides, before it lets the others go: they cannot see different decisions.
      crowded_ = impatient_.load(std::memory_order_relaxed);
      arrived_.store(0, std::memory_order_relaxed);
      round_.store(round + 1, std::memory_order_release);
      return crowded_;
    }
    for (int turn = 0; round_.load(std::memory_order_acquire) == round; ++turn) {
      if (keep_step && turn == kPatience) impatient_.store(true, std::memory_order_relaxed);
      relax(turn);
    }
    return crowded_;
  }

  void report_crowded() noexcept { impatient_.store(true, std::memory_order_relaxed); }

 private:
  alignas(64) std::atomic<int> arrived_{0};
  alignas(64) std::atomic<uint32_t> round_{0};
  std::atomic<bool> impatient_{false};
  bool crowded_ = false;
};

// Makes a team of the threads that a parallel loop starts, however many they are. Each thread brings the
// number of loop iterations that it was given; the team is complete when all iterations have been brought.
class Muster {
 public:
  struct Place {
    int rank;
    int size;
  };

  Place join(int64_t iterations, int64_t all_iterations) noexcept {
    const int rank = members_.fetch_add(1, std::memory_order_acq_rel);
    iterations_.fetch_add(iterations, std::memory_order_acq_rel);
    for (int turn = 0; iterations_.load(std::memory_order_acquire) != all_iterations; ++turn) relax(turn);
    return {rank, members_.load(std::memory_order_acquire)};
  }

 private:
  std::atomic<int> members_{0};
  std::atomic<int64_t> iterations_{0};
};

}  // namespace zoo::engine
