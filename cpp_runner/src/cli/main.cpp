// cpp_runner: the only file that prints, sets what holds for the whole process, and ends it.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/help.h"
#include "cli/options.h"
#include "message.h"
#include "zoo/error.h"
#include "zoo/process.h"
#include "zoo/version.h"

namespace {

using zoo::Error;
using zoo::Status;
using zoo::cli::Console;
using zoo::cli::Outcome;

// False where not all of it could be written.
bool write_descriptor(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

void print_error(const std::string& message) {
  constexpr std::size_t longest_line = 199;
  constexpr std::string_view prefix = "cpp_runner: error: ";
  write_descriptor(STDERR_FILENO,
                   std::string(prefix) + zoo::shorten(message, longest_line - prefix.size()) + "\n");
}

void set_up_environment() {
  // A closed pipe and a file size limit are errors to report, not reasons to die.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  // oneDNN keeps a compiled primitive for each shape it meets; the default of 1024 grows to hundreds of
  // megabytes.
  constexpr int keep_the_users_value = 0;
  ::setenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64", keep_the_users_value);
}

void check_libtorch() {
  const zoo::VersionCheck check = zoo::compare_libtorch(zoo::libtorch_built(), zoo::libtorch_found());
  if (check.verdict == zoo::VersionCheck::Verdict::refuse) throw Error(Status::internal, check.message);
  if (check.verdict == zoo::VersionCheck::Verdict::warn) {
    write_descriptor(STDERR_FILENO, "cpp_runner: warning: " + check.message + "\n");
  }
}

std::string version_text() {
  return "cpp_runner " + zoo::package_version() + "\nbuilt with LibTorch " +
         zoo::libtorch_version_text(zoo::libtorch_built()) + "\nfound LibTorch " +
         zoo::libtorch_version_text(zoo::libtorch_found()) + "\n";
}

Outcome execute(const std::vector<std::string>& words) {
  const zoo::cli::Arguments arguments = zoo::cli::parse_arguments(words);
  if (arguments.has("--help")) return {zoo::cli::help_text(), Status::ok};
  if (arguments.has("--version")) return {version_text(), Status::ok};
  const zoo::cli::Options options = zoo::cli::parse_options(arguments);
  check_libtorch();
  zoo::silence_warnings();
  zoo::use_exact_float32();
  const Console console{::isatty(STDERR_FILENO) == 1,
                        [](std::string_view text) { write_descriptor(STDERR_FILENO, text); }};
  switch (arguments.command) {
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
  if (write_descriptor(STDOUT_FILENO, outcome.text)) return outcome.status;
  print_error("cannot write to stdout: it was closed, or its disk is full");
  return Status::write_failed;
}

Status run(const std::vector<std::string>& words) {
  const bool debug = std::ranges::find(words, "--debug") != words.end();
  try {
    return print(execute(words));
  } catch (const Error& error) {
    print_error(error.what());
    if (debug && !error.trace().empty()) write_descriptor(STDERR_FILENO, error.trace() + "\n");
    return error.status();
  } catch (const std::bad_alloc&) {
    print_error("out of memory; try a smaller --batch-size or --stream");
    return Status::out_of_memory;
  } catch (const std::exception& error) {
    print_error("internal: " + zoo::essential_line(error.what()));
    if (debug) write_descriptor(STDERR_FILENO, std::string(error.what()) + "\n");
    return Status::internal;
  }
}

}  // namespace

int main(int count, char** values) {
  set_up_environment();
  const std::vector<std::string> words(values + 1, values + count);
  return static_cast<int>(run(words));
}
