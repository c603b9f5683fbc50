// Latency of one call, measured after warm-up; the first call of all is reported apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "zoo/export.h"
#include "zoo/model.h"

namespace zoo {

struct BenchmarkOptions {
  std::int64_t warm_up = 5;     // at least 3: the profiling executor recompiles on the first runs
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

// With `input`: that input. Without: one step carrying the state (where streamable) and 100 steps, batch 1.
ZOO_API std::vector<BenchmarkRecord> benchmark(const Model& model, const std::optional<Inputs>& input,
                                               const BenchmarkOptions& options = {});
// Any TorchScript file.
ZOO_API std::vector<BenchmarkRecord> benchmark_call(const Model& model, const std::vector<Value>& arguments,
                                                    const CallOptions& call,
                                                    const BenchmarkOptions& options = {});

}  // namespace zoo
