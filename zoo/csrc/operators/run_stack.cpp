#include "operators/run_stack.h"

#include <torch/csrc/stable/ops.h>

#include <algorithm>
#include <cstdlib>

#include "engine/crowding.h"
#include "engine/isa.h"
#include "operators/checks.h"
#include "operators/thread_scratch.h"

namespace zoo::engine {

const KernelTable& kernels_in_use() {
  const KernelTable* table = kernels();
  if (table == nullptr) {
    fail("isa", "this processor does not have the instruction set that ZOO_ISA names, '",
         std::getenv("ZOO_ISA"), "'; unset it, or set it to ", alternatives(isa_names()));
  }
  return *table;
}

namespace {

// The rows that are run at a time. More would only take more working memory, and the products of rows and
// threads stay within an int.
constexpr int kRowsOfRun = 1 << 16;

void run_rows(const KernelTable& table, const StackView& view) {
  thread_local Scratch scratch;
  static Crowding crowding;
  const bool keep_step = crowding.keep_step();
  const int threads = useful_threads(view, static_cast<int>(torch::stable::get_num_threads()), keep_step);
  StackRun run(table, view, threads, keep_step, scratch.at_least(StackRun::scratch_bytes(view, threads)));
  if (threads == 1) {
    run.run(1);
  } else {
    torch::stable::parallel_for(0, threads, 1, [&](int64_t begin, int64_t end) { run.run(end - begin); });
  }
  if (threads > 1 || !keep_step) crowding.learn(keep_step, run.crowded());
}

}  // namespace

void run_stack(const StackView& view) {
  const KernelTable& table = kernels_in_use();
  if (view.rows() <= kRowsOfRun) {
    if (view.rows() > 0) run_rows(table, view);
    return;
  }
  StackView part = view;
  for (part.first_row = view.first_row; part.first_row < view.last_row; part.first_row = part.last_row) {
    part.last_row = part.first_row + std::min(kRowsOfRun, view.last_row - part.first_row);
    run_rows(table, part);
  }
}

bool try_run_stack(const StackView& view) noexcept {
  try {
    run_stack(view);
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace zoo::engine
