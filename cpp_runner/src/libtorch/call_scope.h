// What every call into LibTorch needs in the thread that makes it.
#pragma once

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

namespace zoo {

class CallScope {
 public:
  // The number of threads that the process set is told to OpenMP thread by thread.
  CallScope() { at::internal::lazy_init_num_threads(); }

 private:
  c10::InferenceMode inference_;  // without it, a carried state would carry its history
};

}  // namespace zoo
