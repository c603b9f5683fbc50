#pragma once

// A whole stack - all layers, both directions - over a padded or packed sequence.

#include <atomic>
#include <cstdint>
#include <limits>

#include "engine/layer.h"
#include "engine/packed_weights.h"
#include "engine/team.h"

namespace zoo {

// Rows of a batch: products with sizes stay within an int.
inline constexpr int kLargestBatch = std::numeric_limits<int>::max() / 4096;

struct StackView {
  StackSizes sizes;
  const uint8_t* packed;
  Steps steps;
  int64_t total_rows;  // of all steps
  Rows<const float> input;
  Rows<float> output;  // (..., num_directions * output_size)
  // Room for the output of a layer, laid out as `output`: needed by the second and later layers of a
  // bidirectional stack, whose two directions both read all of the layer before. Null otherwise.
  Rows<float> between;
  const float* h_0;  // (num_layers * num_directions, batch, output_size)
  const float* c_0;  // (num_layers * num_directions, batch, hidden_size), LSTM only
  float* h_n;
  float* c_n;
};

// How many threads are worth their cost, at most `available`. Threads that share units keep step with each
// other, which only works on cores of their own; without `keep_step` there are none of these.
int useful_threads(const StackView& view, int available, bool keep_step) noexcept;

// The shared memory of the threads that run one stack together. Every member calls run() once.
class StackRun {
 public:
  static size_t scratch_bytes(const StackView& view, int threads) noexcept;

  StackRun(const KernelTable& kernels, const StackView& view, int threads, bool keep_step,
           uint8_t* scratch) noexcept;

  // Runs this thread's part, with as many threads as the parallel loop has started.
  void run(int64_t iterations) noexcept;

  // Whether threads that shared units could not keep step, because the machine had other work for their
  // cores.
  bool crowded() const noexcept { return crowded_.load(std::memory_order_relaxed); }

 private:
  void run_layer(int layer, Muster::Place place, bool keep_step) noexcept;

  const KernelTable& kernels_;
  const StackView& view_;
  const int threads_;
  const bool keep_step_;
  Muster muster_;
  Barrier everyone_;
  std::atomic<bool> crowded_{false};
  Barrier* group_barriers_;
  GroupScratch* groups_;
  MemberScratch* members_;
};

}  // namespace zoo
