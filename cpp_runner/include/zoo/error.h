// The one exception that this library throws on purpose.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "zoo/export.h"

namespace zoo {

// What went wrong. The numbers are the exit statuses of sysexits.h.
enum class Status : int {
  ok = 0,
  mismatch = 1,      // a comparison failed
  usage = 64,        // the call itself makes no sense
  bad_data = 65,     // a model or an input that cannot be used
  no_input = 66,     // no such file
  unavailable = 69,  // a device, engine or precision that is not there
  internal = 70,     // a defect, or libraries that do not fit together
  out_of_memory = 71,
  cannot_create = 73,
  write_failed = 74,
  no_permission = 77,
};

// Which option of its own a program can offer as the way out. The message itself names no option.
enum class Hint : std::uint8_t {
  none,
  allow_nonfinite,  // let NaN and Inf through
  batch_size,       // run all rows at once
  smaller_parts,    // run fewer rows or fewer steps at a time
  time_axis,        // name the axis to split
  states,           // say which results are the next states
  every_chunk,      // ask for the results of every chunk
  precision,        // choose another precision or another engine
  engine,           // let the engine be chosen by the file
  device,           // use the CPU
  dtype,            // convert an input
  sha256,           // the expected hash was given by the caller
  artifact,         // save the model with zoo.save_artifact in Python
};

class ZOO_API Error : public std::runtime_error {
 public:
  // `message` is one line: what, expected, got, what to do. `trace` may hold the many lines behind it.
  Error(Status status, const std::string& message, Hint hint = Hint::none, std::string trace = {});
  Error(const Error&);
  Error& operator=(const Error&);
  ~Error() override;

  [[nodiscard]] Status status() const noexcept { return status_; }
  [[nodiscard]] Hint hint() const noexcept { return hint_; }
  [[nodiscard]] const std::string& trace() const noexcept { return trace_; }

 private:
  Status status_;
  Hint hint_;
  std::string trace_;
};

}  // namespace zoo
