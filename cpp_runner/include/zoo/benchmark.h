// Latency of one call, measured after warm-up. The very first call is reported apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "zoo/export.h"
#include "zoo/model.h"
#include "zoo/options.h"
#include "zoo/tensor.h"
#include "zoo/value.h"

namespace zoo {

struct BenchmarkOptions {
  std::int64_t warm_up = 5;     // at least 3: LibTorch's profiling executor recompiles on the first runs
  std::int64_t iterations = 0;  // 0: as many as fit one second, 20 to 2000
};

struct BenchmarkRecord {
  std::string name;
  std::int64_t batch = 0;
  std::int64_t seq_len = 0;
  std::int64_t iterations = 0;
  double first_us = 0;  // the first call of this shape
  double p50_us = 0;
  double p90_us = 0;
  double p99_us = 0;
  double mean_us = 0;
  double std_us = 0;
  double steps_per_second = 0;  // batch * seq_len / mean
};

// Measures `input`. Without one: one step with the state carried (if the model is streamable) and 100 steps,
// both with batch 1. Throws Error(usage) on a file without a manifest.
ZOO_API std::vector<BenchmarkRecord> benchmark(const Model& model, const std::optional<Inputs>& input,
                                               const BenchmarkOptions& options = {});
// Measures a method of any TorchScript file.
ZOO_API std::vector<BenchmarkRecord> benchmark_call(const Model& model, const std::vector<Value>& arguments,
                                                    const CallOptions& call,
                                                    const BenchmarkOptions& options = {});

}  // namespace zoo
