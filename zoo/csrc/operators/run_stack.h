#pragma once

#include "engine/stack.h"

namespace zoo::engine {

// The kernels in use. Throws if ZOO_ISA names an instruction set that this processor does not have.
const KernelTable& kernels_in_use();

// Runs a stack on the calling thread and, if that is faster, on torch's other threads
// (torch.set_num_threads). Working memory is kept from call to call, so that a repeated call allocates
// nothing.
void run_stack(const StackView& view);

// Does the same without exceptions: returns false if there is no memory for the working space, or if this
// processor does not have the instruction set.
bool try_run_stack(const StackView& view) noexcept;

}  // namespace zoo::engine
