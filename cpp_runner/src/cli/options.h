// The command line as typed values.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "zoo/model.h"

namespace zoo::cli {

struct Options {
  std::filesystem::path model;
  std::vector<std::string> inputs;
  LoadOptions load;
  std::optional<std::int64_t> threads;
  bool json = false;

  std::optional<std::filesystem::path> output;
  std::optional<std::string> shape;
  std::optional<std::string> dtype;
  std::optional<std::filesystem::path> lengths;
  std::optional<std::filesystem::path> state_in;
  std::optional<std::filesystem::path> state_out;
  std::int64_t chunk = 0;       // 0: all steps at once
  std::int64_t batch_size = 0;  // 0: all rows at once
  std::optional<std::int64_t> time_axis;
  std::optional<std::string> call;
  std::optional<std::string> method;
  bool allow_nonfinite = false;
  std::int64_t iterations = 0;  // 0: as many as fit
};

// Throws Error(usage) naming the flag, its value and what is legal.
Options parse_options(const Arguments& arguments);

}  // namespace zoo::cli
