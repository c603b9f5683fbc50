#include "cli/arguments.h"

#include <algorithm>

#include "cli/nearest.h"
#include "message.h"
#include "zoo/error.h"

namespace zoo::cli {
namespace {

using enum Command;

const Flag* find_flag(std::string_view word) {
  for (const Flag& flag : flags()) {
    if (word == flag.name || (!flag.letter.empty() && word == flag.letter)) return &flag;
  }
  return nullptr;
}

[[noreturn]] void fail_unknown(const std::string& word) {
  std::vector<std::string> names;
  for (const Flag& flag : flags()) names.emplace_back(flag.name);
  throw Error(Status::usage, "unknown flag " + quote(word) + ", did you mean " + nearest(word, names) +
                                 "? See cpp_runner --help");
}

std::optional<Command> find_command(std::string_view word) {
  for (const Command command : {run, info, verify, bench}) {
    if (command_name(command) == word) return command;
  }
  return std::nullopt;
}

bool is_flag(std::string_view word) { return word.size() > 1 && word.front() == '-'; }

// Takes the flag at `position`, and its value; returns the position after them.
std::size_t take_flag(std::span<const std::string> words, std::size_t position, Arguments& arguments) {
  const std::string& word = words[position];
  const std::size_t equals = word.starts_with("--") ? word.find('=') : std::string::npos;
  const Flag* flag = find_flag(word.substr(0, equals));
  if (flag == nullptr) fail_unknown(word.substr(0, equals));
  std::string value;
  ++position;
  if (flag->value.empty()) {
    if (equals != std::string::npos) {
      throw Error(Status::usage,
                  std::string(flag->name) + " takes no value, got " + quote(word.substr(equals + 1)));
    }
  } else if (equals != std::string::npos) {
    value = word.substr(equals + 1);
  } else {
    if (position == words.size()) {
      throw Error(Status::usage, std::string(flag->name) + " needs a value: " + std::string(flag->value));
    }
    value = words[position++];
  }
  if (!arguments.values.emplace(flag->name, value).second) {
    throw Error(Status::usage, std::string(flag->name) + " is given twice");
  }
  return position;
}

void check_command(const Arguments& arguments) {
  for (const auto& [name, value] : arguments.values) {
    const auto& commands = find_flag(name)->commands;
    if (std::ranges::find(commands, arguments.command) != commands.end()) continue;
    throw Error(Status::usage, name + " does not belong to " + std::string(command_name(arguments.command)) +
                                   "; see cpp_runner --help");
  }
}

}  // namespace

std::string_view command_name(Command command) {
  switch (command) {
    case run:
      return "run";
    case info:
      return "info";
    case verify:
      return "verify";
    case bench:
      return "bench";
  }
  return "";
}

std::span<const Flag> flags() {
  static const std::vector<Flag> table{
      {"--output",
       "-o",
       "PATH",
       "write the outputs to PATH, .npy or .bin; of several, the name is put before the suffix",
       {run}},
      {"--shape",
       "",
       "SHAPE",
       "shape of raw input, 1x100x12; one size may be -1; several inputs: 1x9,4",
       {run, bench}},
      {"--dtype",
       "",
       "DTYPE",
       "dtype of raw input: float32, float64, int32 or int64; .npy input is converted to it",
       {run, bench}},
      {"--lengths", "", "PATH", "steps of each row: .npy, or .bin of int64", {run, bench}},
      {"--state-in",
       "",
       "PATH",
       "begin with this state; of several tensors each has its name before the suffix",
       {run}},
      {"--state-out", "", "PATH", "write the final state", {run}},
      {"--stream",
       "",
       "CHUNK",
       "feed CHUNK steps at a time, carrying the state, and join the outputs",
       {run}},
      {"--time-axis",
       "",
       "AXIS",
       "axis that --stream cuts where the model has no manifest (default 1)",
       {run}},
      {"--batch-size", "", "N", "run N rows at a time and join the outputs", {run}},
      {"--call", "", "METHOD", "call this method, without arguments, first", {run, bench}},
      {"--method", "", "METHOD", "run this method instead of forward", {run, bench}},
      {"--allow-nonfinite", "", "", "let NaN and Inf in the input through", {run, bench}},
      {"--iterations", "", "N", "calls to measure (default: as many as fit one second)", {bench}},
      {"--device", "", "DEVICE", "cpu, cuda or cuda:N (default cpu)", {run, verify, bench}},
      {"--threads", "", "N", "threads (default: all for batches, else 1; verify: 1)", {run, verify, bench}},
      {"--engine", "", "ENGINE", "auto, fused or aten (default auto)", {run, info, verify, bench}},
      {"--precision", "", "PRECISION", "fp32, bf16 or int8 (default fp32)", {run, info, verify, bench}},
      {"--sha256", "", "HEX", "refuse a model file with another SHA-256", {run, info, verify, bench}},
      {"--json", "", "", "print JSON and nothing else on stdout", {run, info, verify, bench}},
      {"--debug", "", "", "after an error, print all that LibTorch said", {run, info, verify, bench}},
      {"--help", "-h", "", "print this text", {run, info, verify, bench}},
      {"--version", "", "", "print the versions of this program and of LibTorch", {run, info, verify, bench}},
  };
  return table;
}

std::optional<std::string> Arguments::find(const std::string& flag) const {
  const auto found = values.find(flag);
  return found == values.end() ? std::nullopt : std::optional(found->second);
}

Arguments parse_arguments(std::span<const std::string> words) {
  Arguments arguments;
  bool flags_ended = false;
  for (std::size_t position = 0; position < words.size();) {
    const std::string& word = words[position];
    if (!flags_ended && word == "--") {
      flags_ended = true;
      ++position;
    } else if (!flags_ended && is_flag(word)) {
      position = take_flag(words, position, arguments);
    } else {
      const auto command = find_command(word);
      if (command && !arguments.command_given && arguments.inputs.empty() && !flags_ended) {
        arguments.command = *command;
        arguments.command_given = true;
      } else {
        arguments.inputs.push_back(word);
      }
      ++position;
    }
  }
  check_command(arguments);
  return arguments;
}

}  // namespace zoo::cli
