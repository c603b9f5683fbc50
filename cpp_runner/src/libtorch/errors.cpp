#include "libtorch/errors.h"

#include "base/message.h"

namespace zoo {

void throw_torch_error(const std::string& what, const std::string& message, const std::string& trace) {
  const bool memory = message.find("can't allocate memory") != std::string::npos ||
                      message.find("out of memory") != std::string::npos;
  if (memory) {
    throw Error(Status::out_of_memory, what + ": out of memory; use smaller batches or chunks",
                Hint::smaller_parts, trace);
  }
  throw Error(Status::bad_data, what + ": " + essential_line(message), Hint::none, trace);
}

}  // namespace zoo
