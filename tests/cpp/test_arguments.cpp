#include <string>
#include <vector>

#include "check.h"
#include "cli/arguments.h"
#include "cli/nearest.h"
#include "cli/options.h"
#include "cli/output_file.h"
#include "cli/progress.h"
#include "tests.h"

namespace zoo::test {
namespace {

using Words = std::vector<std::string>;

std::string message(const Words& words) {
  return error_of(Status::usage, [&] { cli::parse_options(cli::parse_arguments(words)); });
}

}  // namespace

void test_arguments() {
  using cli::Command;
  CHECK(cli::edit_distance("kitten", "sitting") == 3 && cli::edit_distance("", "abc") == 3);
  CHECK(cli::nearest("--strem", {"--shape", "--stream"}) == "--stream");

  const auto run =
      cli::parse_arguments(Words{"m.pt", "x.npy", "--stream=4", "-o", "y.npy", "--", "--odd.bin"});
  CHECK(run.command == Command::run && run.inputs == (Words{"m.pt", "x.npy", "--odd.bin"}));
  CHECK(run.find("--stream") == "4" && run.find("--output") == "y.npy" && !run.find("--shape"));
  CHECK(cli::parse_arguments(Words{"--json", "verify", "m.pt"}).command == Command::verify);
  CHECK(cli::parse_arguments(Words{"m.pt", "verify"}).command == Command::run);
  CHECK(cli::parse_arguments(Words{"m.pt", "-"}).inputs.back() == "-");
  CHECK(cli::parse_arguments(Words{"m.pt", "--shape", "-1x3"}).find("--shape") == "-1x3");

  CHECK(message({"m.pt", "x.npy"}).empty());
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
  for (const cli::Flag& flag : cli::flags()) CHECK(flag.name.starts_with("--") && !flag.help.empty());

  CHECK(cli::with_name("a/out.npy", "h") == "a/out.h.npy");
  CHECK(cli::with_name("out.bin", "x/y") == "out.x_y.bin");
  CHECK(!cli::is_output_path("out") && !cli::is_output_path(".npy") && cli::is_output_path("a.b.npy"));
  CHECK(contains(cli::progress_bar(20, 40), " 50 % 20/40 rows") && contains(cli::progress_bar(40, 40), "#]"));
}

}  // namespace zoo::test
