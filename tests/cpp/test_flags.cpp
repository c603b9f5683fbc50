#include <algorithm>
#include <string>
#include <vector>

#include "check.h"
#include "cli/console.h"
#include "cli/flags.h"
#include "cli/output.h"

namespace zoo::test {
namespace {

using Words = std::vector<std::string>;

std::string message(const Words& words) {
  return ERROR_OF(Status::usage, [&] { cli::parse_command_line(words); });
}

}  // namespace

TEST(command_lines) {
  using cli::Command;
  CHECK(cli::nearest("--strem", {"--shape", "--stream"}) == "--stream");
  CHECK(cli::nearest("sitting", {"", "kitten", "sit"}) == "kitten");

  const auto run =
      cli::parse_command_line(Words{"m.pt", "x.npy", "--stream=4", "-o", "y.npy", "--", "--odd.bin"});
  CHECK(run.command == Command::run && run.model == "m.pt" && run.inputs == (Words{"x.npy", "--odd.bin"}));
  CHECK(run.chunk == 4 && run.output == "y.npy" && !run.shape && !run.json);
  CHECK(cli::parse_command_line(Words{"--json", "verify", "m.pt"}).command == Command::verify);
  CHECK(cli::parse_command_line(Words{"m.pt", "verify"}).command == Command::run);
  CHECK(cli::parse_command_line(Words{"m.pt", "-"}).inputs.back() == "-");
  CHECK(cli::parse_command_line(Words{"m.pt", "--shape", "-1x3"}).shape == "-1x3");
  CHECK(cli::parse_command_line(Words{"--stream", "0", "-h"}).help);
  const auto load = cli::parse_command_line(
      Words{"info", "m.pt", "--engine", "aten", "--precision=bf16", "--sha256", std::string(64, 'a')});
  CHECK(load.load.engine == Engine::aten && load.load.precision == Precision::bf16 && load.load.sha256);
}

TEST(command_lines_that_make_no_sense) {
  CHECK(contains(message({}), "no model given"));
  CHECK(contains(message({"info"}), "info needs a model"));
  CHECK(contains(message({"--strem", "3", "m.pt"}), "did you mean --stream?"));
  CHECK(contains(message({"m.pt", "--stream"}), "needs a value"));
  CHECK(contains(message({"m.pt", "--json=1"}), "takes no value"));
  CHECK(contains(message({"m.pt", "--json", "--json"}), "twice"));
  CHECK(contains(message({"info", "m.pt", "--stream", "3"}), "does not belong to info"));
  CHECK(contains(message({"info", "m.pt", "x.npy"}), "no input"));
  CHECK(contains(message({"m.pt", "--stream", "0"}), "from 1"));
  CHECK(contains(message({"m.pt", "--stream", "3x"}), "whole number"));
  CHECK(contains(message({"m.pt", "-o", "out.txt"}), ".npy or .bin"));
  CHECK(contains(message({"m.pt", "--engine", "turbo"}), "auto or fused or aten"));
  CHECK(contains(message({"m.pt", "--sha256", "abc"}), "64 hexadecimal"));
}

TEST(flags_and_help) {
  const std::string help = cli::help_text();
  for (const cli::Flag& flag : cli::flags()) {
    CHECK(flag.name.starts_with("--") && !flag.help.empty() && !flag.commands.empty());
    CHECK(contains(help, "\n  " + std::string(flag.name)) && contains(help, std::string(flag.help)));
  }
}

// Each way out names a flag that exists, except the one that leads to another program.
TEST(hints) {
  for (int number = static_cast<int>(Hint::none) + 1; number < static_cast<int>(Hint::artifact); ++number) {
    const std::string text(cli::hint_text(static_cast<Hint>(number)));
    const std::string name =
        text.substr(text.find("--"), text.find_first_of(" ,)", text.find("--")) - text.find("--"));
    CHECK(std::ranges::any_of(cli::flags(), [&](const cli::Flag& flag) { return flag.name == name; }));
  }
  CHECK(cli::hint_text(Hint::none).empty() &&
        contains(std::string(cli::hint_text(Hint::artifact)), "zoo script"));
}

TEST(names_and_progress) {
  CHECK(cli::with_name("a/out.npy", "h") == "a/out.h.npy");
  CHECK(cli::with_name("out.bin", "x/y") == "out.x_y.bin");
  CHECK(!cli::is_output_path("out") && !cli::is_output_path(".npy") && cli::is_output_path("a.b.npy"));
  CHECK(contains(cli::progress_bar(20, 40), " 50 % 20/40 rows") && contains(cli::progress_bar(40, 40), "#]"));
}

}  // namespace zoo::test
