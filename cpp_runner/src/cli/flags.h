// The command line. A flag is declared once: a member of Options, and a row of flags() that says how its
// value is read into it. Parsing, help and "did you mean" all come from the rows.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "zoo/error.h"
#include "zoo/options.h"

namespace zoo::cli {

enum class Command { run, info, verify, bench };
std::string_view command_name(Command command);

struct Options {
  Command command = Command::run;
  std::filesystem::path model;
  std::vector<std::string> inputs;

  std::optional<std::filesystem::path> output;
  std::optional<std::string> shape;
  std::optional<std::string> dtype;
  std::optional<std::filesystem::path> lengths;
  std::optional<std::filesystem::path> state_in;
  std::optional<std::filesystem::path> state_out;
  std::int64_t chunk = 0;  // 0: all steps at once
  StreamRoles roles;
  std::int64_t batch_size = 0;  // 0: all rows at once
  std::optional<std::string> call;
  std::optional<std::string> method;
  bool allow_nonfinite = false;
  std::int64_t iterations = 0;  // 0: as many as fit
  LoadOptions load;
  std::optional<std::int64_t> threads;
  bool json = false;
  bool debug = false;
  bool help = false;
  bool version = false;
};

// Reads a flag's value into the options. Throws Error(usage) that names the flag, its value and what is
// legal.
using Store = std::function<void(Options& options, std::string_view flag, const std::string& value)>;

struct Flag {
  std::string_view name;    // "--output"
  std::string_view letter;  // "-o" or empty
  std::string_view value;   // the name of its value in the help; empty for a switch
  std::string_view help;
  std::vector<Command> commands;  // those that take it
  Store store;
};

// Stores what `parse` makes of the value in `place`, a member of Options or a function from Options to one.
template <typename Place, typename Parse>
Store store(Place place, Parse parse) {
  return [=](Options& options, std::string_view flag, const std::string& value) {
    std::invoke(place, options) = parse(flag, value);
  };
}

// The parsers of values; a new kind of value needs a new one.
bool given(std::string_view flag, const std::string& value);
std::string as_it_is(std::string_view flag, const std::string& value);
std::int64_t from_zero(std::string_view flag, const std::string& value);
std::int64_t from_one(std::string_view flag, const std::string& value);
std::filesystem::path output_path(std::string_view flag, const std::string& value);
std::string sha256_digits(std::string_view flag, const std::string& value);
Engine engine(std::string_view flag, const std::string& value);
Precision precision(std::string_view flag, const std::string& value);
std::vector<StateLink> state_links(std::string_view flag, const std::string& value);

inline const std::vector<Flag>& flags() {
  using enum Command;
  // clang-format off
  static const std::vector<Flag> table{
      {"--output", "-o", "PATH",
       "write the outputs to PATH, .npy or .bin; several outputs get their names before the suffix",
       {run}, store(&Options::output, output_path)},
      {"--shape", "", "SHAPE", "shape of raw input, 1x100x12; one size may be -1; several inputs: 1x9,4; .npy input must have it",
       {run, bench}, store(&Options::shape, as_it_is)},
      {"--dtype", "", "DTYPE",
       "dtype of raw input, such as float32, int64 or bool; .npy input is converted to it",
       {run, bench}, store(&Options::dtype, as_it_is)},
      {"--lengths", "", "PATH", "steps of each row: .npy, or .bin of int64",
       {run, bench}, store(&Options::lengths, as_it_is)},
      {"--state-in", "", "PATH",
       "begin with this state; several tensors have their names before the suffix",
       {run}, store(&Options::state_in, as_it_is)},
      {"--state-out", "", "PATH", "write the final state", {run}, store(&Options::state_out, output_path)},
      {"--stream", "", "CHUNK", "feed CHUNK steps at a time, carrying the state, and join the outputs",
       {run}, store(&Options::chunk, from_one)},
      {"--time-axis", "", "AXIS", "axis that --stream cuts where the model has no manifest (default 1; 0 of a vector)",
       {run}, store([](Options& o) -> auto& { return o.roles.time_axis; }, from_zero)},
      {"--state", "", "RESULT:ARGUMENT,...",
       "results that --stream takes for the next states, and the arguments that take them: 1:1,2:2; or none",
       {run}, store([](Options& o) -> auto& { return o.roles.states; }, state_links)},
      {"--every-chunk", "", "", "--stream gives results that do not grow with the steps once for each chunk",
       {run}, store([](Options& o) -> auto& { return o.roles.every_chunk; }, given)},
      {"--batch-size", "", "N", "run N rows at a time and join the outputs",
       {run}, store(&Options::batch_size, from_one)},
      {"--call", "", "METHOD", "call this method, without arguments, first",
       {run, bench}, store(&Options::call, as_it_is)},
      {"--method", "", "METHOD", "run this method instead of forward",
       {run, bench}, store(&Options::method, as_it_is)},
      {"--allow-nonfinite", "", "", "let NaN and Inf in the input through",
       {run, bench}, store(&Options::allow_nonfinite, given)},
      {"--iterations", "", "N", "calls to measure (default: as many as fit one second)",
       {bench}, store(&Options::iterations, from_one)},
      {"--device", "", "DEVICE", "cpu, cuda or cuda:N (default cpu)",
       {run, verify, bench}, store([](Options& o) -> auto& { return o.load.device; }, as_it_is)},
      {"--threads", "", "N", "threads (default: all for batches, else 1; verify: 1)",
       {run, verify, bench}, store(&Options::threads, from_one)},
      {"--engine", "", "ENGINE", "auto, fused or aten (default auto)",
       {run, info, verify, bench}, store([](Options& o) -> auto& { return o.load.engine; }, engine)},
      {"--precision", "", "PRECISION", "fp32, bf16 or int8 (default fp32)",
       {run, info, verify, bench}, store([](Options& o) -> auto& { return o.load.precision; }, precision)},
      {"--check", "", "", "run the first calls in LibTorch too, and go on there if the fused engine is wrong",
       {run}, store([](Options& o) -> auto& { return o.load.check; }, given)},
      {"--sha256", "", "HEX", "refuse a model file with another SHA-256",
       {run, info, verify, bench}, store([](Options& o) -> auto& { return o.load.sha256; }, sha256_digits)},
      {"--json", "", "", "print JSON and nothing else on stdout",
       {run, info, verify, bench}, store(&Options::json, given)},
      {"--debug", "", "", "after an error, print all that LibTorch said",
       {run, info, verify, bench}, store(&Options::debug, given)},
      {"--help", "-h", "", "print this text", {run, info, verify, bench}, store(&Options::help, given)},
      {"--version", "", "", "print the versions of this program and of LibTorch",
       {run, info, verify, bench}, store(&Options::version, given)},
  };
  // clang-format on
  return table;
}

// Reads "--flag value" and "--flag=value"; "--" ends the flags. After --help or --version nothing else has to
// make sense. Throws Error(usage): an unknown flag (with the nearest one that exists), one that is given
// twice, without its value or with a bad one, one that does not belong to the command, no model, too many
// inputs.
Options parse_command_line(std::span<const std::string> words);

std::string help_text();
// The flag that a way out of an error needs: " (--allow-nonfinite)"; empty if there is none.
std::string_view hint_text(Hint hint);

// The first of `words`, not empty, that takes the fewest insertions, deletions and replacements.
std::string nearest(std::string_view word, const std::vector<std::string>& words);

}  // namespace zoo::cli
