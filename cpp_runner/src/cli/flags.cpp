#include "cli/flags.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <numeric>
#include <utility>

#include "base/message.h"
#include "base/numbers.h"
#include "cli/output.h"
#include "core/roles.h"

namespace zoo::cli {
namespace {

using enum Command;

constexpr std::array kCommands{run, info, verify, bench};

constexpr std::string_view kIntroduction = R"(cpp_runner runs recurrent models that were saved as TorchScript.

  cpp_runner MODEL INPUT...        run the model on the input (the same as cpp_runner run)
  cpp_runner info MODEL            what the file says about itself
  cpp_runner verify MODEL          replay the golden samples; exit status 1 on a mismatch
  cpp_runner bench MODEL [INPUT]   latency percentiles and throughput

INPUT is a .npy file (C order), a .bin file (row-major, little-endian, no header), or - for either of them on stdin.
Without --shape, the model's manifest gives the shape of a .bin file, with batch 1 and as many steps as the file has.
A TorchScript file without a manifest may take several inputs. Scalars among them are written int:16000, float:0.5,
bool:1, str:text and none; tuples, lists and dicts '(h.npy,c.npy)', '[a.npy,b.npy]' and '{h=h.npy,c=c.npy}'.
An artifact that reads UTF-8 bytes, or words of them, takes str:text as its input.

)";

constexpr std::string_view kExamples = R"(
Examples
  cpp_runner model.pt speech.npy -o output.npy
  cpp_runner model.pt speech.bin --shape 1x100x12 --json
  cpp_runner model.pt part1.npy --state-out state.npy
  cpp_runner model.pt part2.npy --state-in state.npy --stream 16
  cpp_runner vad.pt audio.bin int:16000 --shape 1x-1 --stream 512 --every-chunk --call reset_states
  cpp_runner foreign.pt part.npy h.npy c.npy --stream 16 --state 1:1,2:2

Exit status: 0 done, 1 a comparison failed, 64 usage, 65 bad model or input, 66 no such file, 69 device not
available, 70 internal, 71 out of memory, 73 cannot create, 74 write failed, 77 no permission.
A TorchScript file is a program: load models you trust.
)";

constexpr std::size_t kColumn = 30;

std::string flag_line(const Flag& flag) {
  std::string line = "  ";
  line += flag.name;
  if (!flag.letter.empty()) line += ", " + std::string(flag.letter);
  if (!flag.value.empty()) line += " " + std::string(flag.value);
  line.resize(std::max(line.size() + 1, kColumn), ' ');
  line += flag.help;
  if (flag.commands.size() < kCommands.size()) {
    line += " [";
    for (const Command command : flag.commands) {
      if (line.back() != '[') line += ' ';
      line += command_name(command);
    }
    line += ']';
  }
  return line + '\n';
}

const Flag* find_flag(std::string_view word) {
  const auto found = std::ranges::find_if(flags(), [&](const Flag& flag) {
    return word == flag.name || (!flag.letter.empty() && word == flag.letter);
  });
  return found == flags().end() ? nullptr : &*found;
}

[[noreturn]] void fail_unknown(const std::string& word) {
  std::vector<std::string> names;
  for (const Flag& flag : flags()) names.emplace_back(flag.name);
  throw Error(Status::usage, "unknown flag " + quote(word) + ", did you mean " + nearest(word, names) +
                                 "? See cpp_runner --help");
}

[[noreturn]] void fail_value(std::string_view flag, const std::string& value, const std::string& legal) {
  throw Error(Status::usage, std::string(flag) + " is " + quote(value) + ", expected " + legal);
}

std::int64_t parse_count(std::string_view flag, const std::string& value, std::int64_t least) {
  constexpr std::int64_t most = 1'000'000'000;
  const auto count = parse_number<std::int64_t>(value);
  if (!count || *count < least || *count > most) {
    fail_value(flag, value, "a whole number from " + std::to_string(least));
  }
  return *count;
}

// The words of the command line, sorted.
struct Words {
  std::optional<Command> command;
  std::vector<std::string> inputs;  // neither flags nor the command
  std::vector<std::pair<const Flag*, std::string>> values;

  [[nodiscard]] bool has(const Flag& flag) const {
    return std::ranges::any_of(values, [&](const auto& entry) { return entry.first == &flag; });
  }
};

// Takes the flag at `position`, and its value; returns the position after them.
std::size_t take_flag(std::span<const std::string> words, std::size_t position, Words& sorted) {
  const std::string& word = words[position++];
  const std::size_t equals = word.starts_with("--") ? word.find('=') : std::string::npos;
  const Flag* flag = find_flag(word.substr(0, equals));
  if (flag == nullptr) fail_unknown(word.substr(0, equals));
  const std::string name(flag->name);
  std::string value;
  if (flag->value.empty()) {
    if (equals != std::string::npos) {
      throw Error(Status::usage, name + " takes no value, got " + quote(word.substr(equals + 1)));
    }
  } else if (equals != std::string::npos) {
    value = word.substr(equals + 1);
  } else {
    if (position == words.size()) {
      throw Error(Status::usage, name + " needs a value: " + std::string(flag->value));
    }
    value = words[position++];
  }
  if (sorted.has(*flag)) throw Error(Status::usage, name + " is given twice");
  sorted.values.emplace_back(flag, value);
  return position;
}

std::optional<Command> find_command(std::string_view word) {
  const auto found = std::ranges::find(kCommands, word, command_name);
  return found == kCommands.end() ? std::nullopt : std::optional(*found);
}

Words sort_words(std::span<const std::string> words) {
  Words sorted;
  bool flags_ended = false;
  for (std::size_t position = 0; position < words.size();) {
    const std::string& word = words[position];
    if (!flags_ended && word == "--") {
      flags_ended = true;
      ++position;
    } else if (!flags_ended && word.size() > 1 && word.front() == '-') {
      position = take_flag(words, position, sorted);
    } else {
      const auto command = find_command(word);
      if (command && !sorted.command && sorted.inputs.empty() && !flags_ended) {
        sorted.command = command;
      } else {
        sorted.inputs.push_back(word);
      }
      ++position;
    }
  }
  return sorted;
}

void check_command(const Words& words) {
  const Command command = words.command.value_or(run);
  for (const auto& [flag, value] : words.values) {
    if (std::ranges::find(flag->commands, command) != flag->commands.end()) continue;
    throw Error(Status::usage, std::string(flag->name) + " does not belong to " +
                                   std::string(command_name(command)) + "; see cpp_runner --help");
  }
}

void check_inputs(const Words& words) {
  const Command command = words.command.value_or(run);
  const std::string name(command_name(command));
  if (words.inputs.empty()) {
    throw Error(Status::usage,
                words.command ? name + " needs a model: cpp_runner " + name + " MODEL; see cpp_runner --help"
                              : "no model given: cpp_runner MODEL INPUT...; see cpp_runner --help");
  }
  const bool no_inputs = command == info || command == verify;
  if (no_inputs && words.inputs.size() > 1) {
    throw Error(Status::usage, name + " takes one model and no input, got " + quote(words.inputs[1]));
  }
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
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

bool given(std::string_view, const std::string&) { return true; }
std::string as_it_is(std::string_view, const std::string& value) { return value; }

std::int64_t from_zero(std::string_view flag, const std::string& value) {
  return parse_count(flag, value, 0);
}

std::int64_t from_one(std::string_view flag, const std::string& value) { return parse_count(flag, value, 1); }

std::filesystem::path output_path(std::string_view flag, const std::string& value) {
  if (!is_output_path(value)) fail_value(flag, value, "a path that ends in .npy or .bin");
  return value;
}

std::string sha256_digits(std::string_view flag, const std::string& value) {
  if (value.size() != 64 || !std::ranges::all_of(value, [](unsigned char c) { return std::isxdigit(c); })) {
    fail_value(flag, value, "64 hexadecimal digits");
  }
  return value;
}

Engine engine(std::string_view flag, const std::string& value) {
  const auto engine = find_engine(value);
  if (!engine) fail_value(flag, value, "auto or fused or aten");
  return *engine;
}

Precision precision(std::string_view flag, const std::string& value) {
  const auto precision = find_precision(value);
  if (!precision) fail_value(flag, value, "fp32 or bf16 or int8");
  return *precision;
}

std::vector<StateLink> state_links(std::string_view flag, const std::string& value) {
  std::vector<StateLink> links;
  if (value == "none") return links;
  for (const std::string& part : split(value, ',')) {
    const auto link = parse_state_link(part);
    if (!link)
      fail_value(flag, value, "a result and an argument, counted from 0, such as 1:1 or 1:1,2:2, or none");
    links.push_back(*link);
  }
  return links;
}

Options parse_command_line(std::span<const std::string> words) {
  const Words sorted = sort_words(words);
  check_command(sorted);
  Options options;
  options.command = sorted.command.value_or(run);
  for (const auto& [flag, value] : sorted.values) {
    if (flag->value.empty()) flag->store(options, flag->name, value);
  }
  if (options.help || options.version) return options;
  check_inputs(sorted);
  options.model = sorted.inputs.front();
  options.inputs.assign(sorted.inputs.begin() + 1, sorted.inputs.end());
  for (const auto& [flag, value] : sorted.values) {
    if (!flag->value.empty()) flag->store(options, flag->name, value);
  }
  return options;
}

std::string help_text() {
  std::string text(kIntroduction);
  text += "Flags\n";
  for (const Flag& flag : flags()) text += flag_line(flag);
  return text + std::string(kExamples);
}

std::string_view hint_text(Hint hint) {
  switch (hint) {
    case Hint::none:
      break;
    case Hint::allow_nonfinite:
      return " (--allow-nonfinite)";
    case Hint::batch_size:
      return " (without --batch-size)";
    case Hint::smaller_parts:
      return " (--batch-size, --stream)";
    case Hint::time_axis:
      return " (--time-axis)";
    case Hint::states:
      return " (--state RESULT:ARGUMENT)";
    case Hint::every_chunk:
      return " (--every-chunk)";
    case Hint::precision:
      return " (without --engine aten)";
    case Hint::engine:
      return " (--engine auto)";
    case Hint::device:
      return " (--device cpu)";
    case Hint::dtype:
      return " (--dtype)";
    case Hint::sha256:
      return " (--sha256)";
    case Hint::artifact:
      return " (zoo script NAME --weights FILE -o model.pt)";
  }
  return "";
}

std::string nearest(std::string_view word, const std::vector<std::string>& words) {
  return *std::ranges::min_element(words, {},
                                   [&](const std::string& other) { return edit_distance(word, other); });
}

}  // namespace zoo::cli
