#include "operators/run_stack.h"

#include <torch/csrc/stable/ops.h>

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

void run_stack(const StackView& view) {
  const KernelTable& table = kernels_in_use();
  if (view.steps.batch == 0) return;
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

bool try_run_stack(const StackView& view) noexcept {
  try {
    run_stack(view);
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace zoo::engine
