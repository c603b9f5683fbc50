#include "operators/run_sliding.h"

#include <torch/csrc/stable/ops.h>

#include <algorithm>
#include <tuple>

#include "operators/run_stack.h"
#include "operators/thread_scratch.h"

namespace zoo::engine {
namespace {

// With fewer multiply-adds than this for each thread, a second thread costs more than it brings.
constexpr int64_t kWorkOfThread = 200'000;

// About how many multiply-adds a step takes.
int64_t work_of(const SlidingSizes& s) {
  constexpr int64_t kFourier = 40;  // for each sample of a frame
  return s.size * (s.kind == SlidingKind::log_bands ? kFourier : static_cast<int64_t>(s.outputs));
}

Scratch& thread_scratch() {
  thread_local Scratch scratch;
  return scratch;
}

}  // namespace

void run_sliding_rows(const SlidingSizes& s, const uint8_t* packed, const float* input, int64_t rows,
                      int64_t row_floats, float* out) {
  const KernelTable& kernels = kernels_in_use();
  const int64_t steps = s.steps(row_floats), parts = divide_up(steps, kMostSteps);  // of a row
  const auto run = [&](int64_t begin, int64_t end) {
    uint8_t* scratch = thread_scratch().at_least(sliding_scratch_bytes(s, steps));
    for (int64_t i = begin; i < end; ++i) {
      const int64_t row = i / parts, first = i % parts * kMostSteps;
      run_sliding(kernels, s, packed, input + row * row_floats + first * s.step,
                  std::min<int64_t>(kMostSteps, steps - first), out + (row * steps + first) * s.outputs,
                  scratch);
    }
  };
  const int64_t most = std::max<int64_t>(1, rows * steps * work_of(s) / kWorkOfThread);
  const int64_t threads = std::min<int64_t>({most, rows * parts, torch::stable::get_num_threads()});
  if (threads <= 1) {
    run(0, rows * parts);
  } else {
    torch::stable::parallel_for(0, rows * parts, divide_up(rows * parts, threads), run);
  }
}

bool try_advance_sliding(const SlidingSizes& s, const uint8_t* packed, const ZooSlidingCall& call) noexcept {
  try {
    const KernelTable& kernels = kernels_in_use();
    const int64_t kept = call.tail_pieces * call.piece_floats, floats = kept + call.input_floats;
    const int64_t steps = s.steps(floats);
    const auto lay_out = [&](uint8_t* block) {
      Arena arena(block);
      auto* joined = arena.take<float>(floats);
      auto* scratch = arena.take<uint8_t>(static_cast<int64_t>(sliding_scratch_bytes(s, steps)));
      return std::tuple(joined, scratch, arena.used());
    };
    const size_t bytes = std::get<2>(lay_out(nullptr));
    const auto [joined, scratch, used] = lay_out(thread_scratch().at_least(bytes));
    for (int64_t row = 0; row < call.rows; ++row) {
      float* tail = call.tail + row * call.tail_row_stride;
      for (int64_t i = 0; i < call.tail_pieces; ++i) {
        std::copy_n(tail + i * call.tail_piece_stride, call.piece_floats, joined + i * call.piece_floats);
      }
      std::copy_n(call.input + row * call.input_floats, call.input_floats, joined + kept);
      run_sliding(kernels, s, packed, joined, steps, call.output + row * call.output_floats, scratch);
      const float* next = joined + call.input_floats;
      for (int64_t i = 0; i < call.tail_pieces; ++i) {
        std::copy_n(next + i * call.piece_floats, call.piece_floats, tail + i * call.tail_piece_stride);
      }
    }
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace zoo::engine
