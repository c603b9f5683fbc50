#pragma once

#include <atomic>
#include <cstdint>
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#include <sched.h>

namespace zoo {

// Lets go of the core for a moment; after many turns, of the processor, which may have other work.
inline void relax(int turn) noexcept {
  if (turn > 20000) {
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
  void wait(int size) noexcept {
    if (size == 1) return;
    const uint32_t round = round_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == size) {
      arrived_.store(0, std::memory_order_relaxed);
      round_.store(round + 1, std::memory_order_release);
      return;
    }
    for (int turn = 0; round_.load(std::memory_order_acquire) == round; ++turn) relax(turn);
  }

 private:
  alignas(64) std::atomic<int> arrived_{0};
  alignas(64) std::atomic<uint32_t> round_{0};
};

// Forms a team out of however many threads a parallel loop really starts. Each thread brings the number of
// loop iterations that it was given; when all iterations are accounted for, the team is complete.
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

}  // namespace zoo
