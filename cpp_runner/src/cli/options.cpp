#include "cli/options.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

#include "cli/output_file.h"
#include "message.h"
#include "zoo/error.h"

namespace zoo::cli {
namespace {

[[noreturn]] void fail(const std::string& flag, const std::string& value, const std::string& legal) {
  throw Error(Status::usage, flag + " is " + quote(value) + ", expected " + legal);
}

std::optional<std::int64_t> find_count(const Arguments& arguments, const std::string& flag,
                                       std::int64_t least) {
  const auto text = arguments.find(flag);
  if (!text) return std::nullopt;
  std::int64_t value = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, value);
  constexpr std::int64_t most = 1'000'000'000;
  if (error != std::errc() || stop != end || value < least || value > most) {
    fail(flag, *text, "a whole number from " + std::to_string(least));
  }
  return value;
}

template <typename T>
T choose(const Arguments& arguments, const std::string& flag,
         const std::vector<std::pair<std::string, T>>& choices) {
  const auto text = arguments.find(flag);
  if (!text) return choices.front().second;
  std::vector<std::string> names;
  for (const auto& [name, value] : choices) {
    if (name == *text) return value;
    names.push_back(name);
  }
  fail(flag, *text, join(names, " or "));
}

std::optional<std::string> find_sha256(const Arguments& arguments) {
  const auto text = arguments.find("--sha256");
  if (text &&
      (text->size() != 64 || !std::ranges::all_of(*text, [](unsigned char c) { return std::isxdigit(c); }))) {
    fail("--sha256", *text, "64 hexadecimal digits");
  }
  return text;
}

std::optional<std::filesystem::path> find_output(const Arguments& arguments, const std::string& flag) {
  const auto text = arguments.find(flag);
  if (!text) return std::nullopt;
  if (!is_output_path(*text)) fail(flag, *text, "a path that ends in .npy or .bin");
  return *text;
}

void check_inputs(const Arguments& arguments) {
  const std::string name(command_name(arguments.command));
  const std::size_t count = arguments.inputs.size();
  if (count == 0) {
    throw Error(Status::usage,
                arguments.command_given
                    ? name + " needs a model: cpp_runner " + name + " MODEL; see cpp_runner --help"
                    : "no model given: cpp_runner MODEL INPUT...; see cpp_runner --help");
  }
  const bool no_inputs = arguments.command == Command::info || arguments.command == Command::verify;
  if (no_inputs && count > 1)
    throw Error(Status::usage, name + " takes one model and no input, got " + quote(arguments.inputs[1]));
}

}  // namespace

Options parse_options(const Arguments& arguments) {
  check_inputs(arguments);
  Options options;
  options.model = arguments.inputs.front();
  options.inputs.assign(arguments.inputs.begin() + 1, arguments.inputs.end());
  options.load.device = arguments.find("--device").value_or("cpu");
  options.load.sha256 = find_sha256(arguments);
  options.load.engine = choose<Engine>(
      arguments, "--engine", {{"auto", Engine::automatic}, {"fused", Engine::fused}, {"aten", Engine::aten}});
  options.load.precision =
      choose<Precision>(arguments, "--precision",
                        {{"fp32", Precision::fp32}, {"bf16", Precision::bf16}, {"int8", Precision::int8}});
  options.threads = find_count(arguments, "--threads", 1);
  options.json = arguments.has("--json");
  options.output = find_output(arguments, "--output");
  options.shape = arguments.find("--shape");
  options.dtype = arguments.find("--dtype");
  options.lengths = arguments.find("--lengths");
  options.state_in = arguments.find("--state-in");
  options.state_out = find_output(arguments, "--state-out");
  options.chunk = find_count(arguments, "--stream", 1).value_or(0);
  options.batch_size = find_count(arguments, "--batch-size", 1).value_or(0);
  options.time_axis = find_count(arguments, "--time-axis", 0);
  options.call = arguments.find("--call");
  options.method = arguments.find("--method");
  options.allow_nonfinite = arguments.has("--allow-nonfinite");
  options.iterations = find_count(arguments, "--iterations", 1).value_or(0);
  return options;
}

}  // namespace zoo::cli
