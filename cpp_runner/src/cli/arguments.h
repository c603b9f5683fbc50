// The words of the command line, sorted into command, inputs and flags.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace zoo::cli {

enum class Command { run, info, verify, bench };
std::string_view command_name(Command command);

struct Flag {
  std::string_view name;    // "--output"
  std::string_view letter;  // "-o" or empty
  std::string_view value;   // what its value is called in the help; empty for a switch
  std::string_view help;
  std::vector<Command> commands;
};
std::span<const Flag> flags();

struct Arguments {
  Command command = Command::run;
  bool command_given = false;
  std::vector<std::string> inputs;            // what is no flag, without the command itself
  std::map<std::string, std::string> values;  // by Flag::name; a switch has an empty value
  [[nodiscard]] bool has(const std::string& flag) const { return values.contains(flag); }
  [[nodiscard]] std::optional<std::string> find(const std::string& flag) const;
};

// "--flag value" and "--flag=value"; "--" ends the flags. Throws Error(usage): an unknown flag (with the
// nearest one there is), one that is given twice or without its value, one that does not belong to the
// command.
Arguments parse_arguments(std::span<const std::string> words);

}  // namespace zoo::cli
