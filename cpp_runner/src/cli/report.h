// The results of the commands, as text and as JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/flags.h"
#include "zoo/acceleration.h"
#include "zoo/benchmark.h"
#include "zoo/model.h"
#include "zoo/model_file.h"
#include "zoo/tensor.h"
#include "zoo/text.h"
#include "zoo/verify.h"

namespace zoo::cli {

// How a result was obtained.
struct Setting {
  std::string model;
  std::string device;
  std::string torch;
  std::string engine;
  std::string precision;
  std::optional<std::string> quantized_backend;
  std::int64_t threads = 1;
  Acceleration acceleration;
};
Setting describe(const Options& options, const Model& model);

struct RunReport {
  Setting setting;
  std::vector<NamedTensor> outputs;
  std::vector<BestLabel> labels;  // of each row of the first output, where these are scores of them
  bool every_label = false;       // shows that of each row, not of the first rows only
  std::vector<std::filesystem::path> output_paths;  // empty: not written
  std::vector<NamedTensor> state;
  std::vector<std::filesystem::path> state_paths;
  double load_ms = 0;
  double run_ms = 0;
};

std::string run_text(const RunReport& report);
std::string run_json(const RunReport& report);
std::string info_text(const ModelFile& file, const Model& model);
std::string info_json(const ModelFile& file, const Model& model);
std::string verify_text(const std::vector<Check>& checks);
std::string verify_json(const Setting& setting, const std::vector<Check>& checks);
std::string benchmark_text(const std::vector<BenchmarkRecord>& records);
std::string benchmark_json(const Setting& setting, const std::vector<BenchmarkRecord>& records);

// The labels that a report shows: so many, or all.
std::span<const BestLabel> shown_labels(const RunReport& report, std::size_t count);

// The first values of a tensor of any dtype, as numbers.
std::vector<double> first_values(const Tensor& tensor, std::size_t count);

}  // namespace zoo::cli
