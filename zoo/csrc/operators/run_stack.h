#pragma once

#include "engine/stack.h"

namespace zoo {

// The kernels in use. Throws where ZOO_ISA names an instruction set that this processor lacks.
const KernelTable& kernels_in_use();

// Runs a stack on the calling thread and, where it pays, on torch's other threads (torch.set_num_threads).
// Working memory is kept from call to call, so that a repeated call allocates nothing.
void run_stack(const StackView& view);

// The same for callers outside C++'s exceptions: false where there is no memory for the working space, or not
// the instruction set.
bool try_run_stack(const StackView& view) noexcept;

}  // namespace zoo
