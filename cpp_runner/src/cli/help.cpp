#include "cli/help.h"

#include <algorithm>

#include "cli/arguments.h"

namespace zoo::cli {
namespace {

constexpr std::string_view kIntroduction = R"(cpp_runner runs recurrent models that were saved as TorchScript.

  cpp_runner MODEL INPUT...        run the model on the input (the same as cpp_runner run)
  cpp_runner info MODEL            what the file says of itself
  cpp_runner verify MODEL          replay the golden samples; exit status 1 on a mismatch
  cpp_runner bench MODEL [INPUT]   latency percentiles and throughput

INPUT is a .npy file (float32, float64, int32, int64; C order), a .bin file (row-major, little-endian, no
header), or - for either of them on stdin. Without --shape, .bin is read as the model's manifest says, with
batch 1 and as many steps as the file has. For a TorchScript file without a manifest there may be several
inputs, scalars among them: int:16000, float:0.5, bool:1, str:text, none.

)";

constexpr std::string_view kExamples = R"(
Examples
  cpp_runner model.pt speech.npy -o output.npy
  cpp_runner model.pt speech.bin --shape 1x100x12 --json
  cpp_runner model.pt part1.npy --state-out state.npy
  cpp_runner model.pt part2.npy --state-in state.npy --stream 16
  cpp_runner vad.pt audio.bin int:16000 --shape 1x512 --call reset_states

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
  constexpr std::size_t all_commands = 4;
  if (flag.commands.size() < all_commands) {
    line += " [";
    for (const Command command : flag.commands) {
      if (line.back() != '[') line += ' ';
      line += command_name(command);
    }
    line += ']';
  }
  return line + '\n';
}

}  // namespace

std::string help_text() {
  std::string text(kIntroduction);
  text += "Flags\n";
  for (const Flag& flag : flags()) text += flag_line(flag);
  return text + std::string(kExamples);
}

}  // namespace zoo::cli
