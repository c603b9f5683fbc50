// The one exception this library throws on purpose.
#pragma once

#include <stdexcept>
#include <string>

#include "zoo/export.h"

namespace zoo {

// What went wrong, numbered as the program's exit status (sysexits.h).
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

class ZOO_API Error : public std::runtime_error {
 public:
  // `message` is one line: what, expected, got, what to do. `trace` may hold the many lines behind it.
  Error(Status status, const std::string& message, std::string trace = {});
  Error(const Error&);
  Error& operator=(const Error&);
  ~Error() override;

  [[nodiscard]] Status status() const noexcept { return status_; }
  [[nodiscard]] const std::string& trace() const noexcept { return trace_; }

 private:
  Status status_;
  std::string trace_;
};

}  // namespace zoo
