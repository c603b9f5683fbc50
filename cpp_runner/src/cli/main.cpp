// cpp_runner. Only this file prints and ends the process.
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/message.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/flags.h"
#include "formats/descriptor.h"
#include "zoo/error.h"
#include "zoo/process.h"
#include "zoo/version.h"

namespace {

using zoo::Error;
using zoo::Status;
using zoo::cli::Console;
using zoo::cli::Outcome;

bool write_text(int descriptor, std::string_view text) {
  return zoo::write_all(descriptor, std::as_bytes(std::span(text)));
}

// If stderr cannot be written to, there is nobody to tell.
void write_stderr(std::string_view text) { static_cast<void>(write_text(STDERR_FILENO, text)); }

void print_error(const std::string& message) {
  constexpr std::size_t longest_line = 199;
  constexpr std::string_view prefix = "cpp_runner: error: ";
  write_stderr(std::string(prefix) + zoo::shorten(message, longest_line - prefix.size()) + "\n");
}

void set_up_environment() {
  // A closed pipe and a file size limit are errors to report, not reasons to die.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  // oneDNN keeps a compiled primitive for each shape; its default of 1024 grows to hundreds of megabytes.
  constexpr int keep_the_users_value = 0;
  ::setenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64", keep_the_users_value);
}

void check_libtorch(const Console& console) {
  const zoo::VersionCheck check = zoo::compare_libtorch(zoo::libtorch_built(), zoo::libtorch_found());
  if (check.verdict == zoo::VersionCheck::Verdict::refuse) throw Error(Status::internal, check.message);
  if (check.verdict == zoo::VersionCheck::Verdict::warn) {
    warn(console, check.message);
  }
}

std::string version_text() {
  return "cpp_runner " + zoo::package_version() + "\nbuilt with LibTorch " +
         zoo::libtorch_version_text(zoo::libtorch_built()) + "\nfound LibTorch " +
         zoo::libtorch_version_text(zoo::libtorch_found()) + "\n";
}

Outcome execute(const std::vector<std::string>& words) {
  const zoo::cli::Options options = zoo::cli::parse_command_line(words);
  if (options.help) return {zoo::cli::help_text(), Status::ok};
  if (options.version) return {version_text(), Status::ok};
  const Console console{::isatty(STDERR_FILENO) == 1, write_stderr};
  check_libtorch(console);
  zoo::silence_warnings();
  zoo::use_exact_float32();
  switch (options.command) {
    case zoo::cli::Command::run:
      return zoo::cli::run_model(options, console);
    case zoo::cli::Command::info:
      return zoo::cli::show_info(options);
    case zoo::cli::Command::verify:
      return zoo::cli::verify_model(options);
    case zoo::cli::Command::bench:
      return zoo::cli::benchmark_model(options);
  }
  throw Error(Status::internal, "a command without a function");
}

Status print(const Outcome& outcome) {
  if (write_text(STDOUT_FILENO, outcome.text)) return outcome.status;
  print_error("cannot write to stdout: it was closed, or its disk is full");
  return Status::write_failed;
}

Status run(const std::vector<std::string>& words) {
  // The words are searched, because reading the options may be what fails.
  const bool debug = std::ranges::find(words, "--debug") != words.end();
  try {
    return print(execute(words));
  } catch (const Error& error) {
    print_error(error.what() + std::string(zoo::cli::hint_text(error.hint())));
    if (debug && !error.trace().empty()) write_stderr(error.trace() + "\n");
    return error.status();
  } catch (const std::bad_alloc&) {
    print_error("out of memory; try a smaller --batch-size or --stream");
    return Status::out_of_memory;
  } catch (const std::exception& error) {
    print_error("internal: " + zoo::essential_line(error.what()));
    if (debug) write_stderr(std::string(error.what()) + "\n");
    return Status::internal;
  }
}

}  // namespace

int main(int count, char** values) {
  set_up_environment();
  const std::vector<std::string> words(values + 1, values + count);
  return static_cast<int>(run(words));
}
