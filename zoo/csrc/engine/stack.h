#pragma once

// A whole stack, with all its layers and directions, over a padded batch or a packed sequence.

#include <atomic>
#include <cstdint>
#include <limits>

#include "engine/layer.h"
#include "engine/packed_weights.h"
#include "engine/team.h"

namespace zoo::engine {

inline constexpr int kLargestBatch = std::numeric_limits<int>::max();

struct StackView {
  StackSizes sizes;
  const uint8_t* packed;
  Steps steps;
  int64_t total_rows;  // of all steps
  Rows<const float> input;
  Rows<float> output;  // (..., num_directions * output_size)
  // Room for the output of a layer, with the strides of `output`; null unless needs_between().
  Rows<float> between;
  const float* h_0;  // (num_layers * num_directions, batch, output_size)
  const float* c_0;  // (num_layers * num_directions, batch, hidden_size); null unless the cell has a c
  float* h_n;
  float* c_n;
  int first_row;  // the rows of the batch that are run: from first_row to before last_row
  int last_row;

  int rows() const { return last_row - first_row; }
};

// Whether a stack needs a second buffer for the output of a layer: the two directions of its second and later
// layers both read all of the layer before.
inline bool needs_between(const StackSizes& s) { return s.num_directions == 2 && s.num_layers > 1; }

// The view of a call. Its states, and where needed `between`, are still null.
inline StackView make_view(const StackSizes& sizes, const uint8_t* packed, const Steps& steps,
                           int64_t total_rows, const Rows<const float>& input, const Rows<float>& output) {
  const Rows<float> between = {nullptr, output.step_stride, output.row_stride};
  return {sizes,   packed,  steps,   total_rows, input, output,     between,
          nullptr, nullptr, nullptr, nullptr,    0,     steps.batch};
}

// How many threads are worth their cost, at most `available`. Threads that share units wait for each other
// after every step, which is faster only if each has a core of its own; without `keep_step` no threads share
// units.
int useful_threads(const StackView& view, int available, bool keep_step) noexcept;

// What the threads that run one stack together share. Each of them calls run() once.
class StackRun {
 public:
  static size_t scratch_bytes(const StackView& view, int threads) noexcept;

  StackRun(const KernelTable& kernels, const StackView& view, int threads, bool keep_step,
           uint8_t* scratch) noexcept;

  // Runs this thread's part, with as many threads as the parallel loop has started.
  void run(int64_t iterations) noexcept;

  // Whether threads that shared units could not keep step, because other programs used their cores.
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
  Barrier* crew_barriers_;
  CrewScratch* crews_;
  MemberScratch* members_;
};

}  // namespace zoo::engine
