#include "torch_errors.h"

#include "message.h"

namespace zoo {

void throw_torch_error(const std::string& what, const std::string& message, const std::string& trace) {
  const bool memory = message.find("can't allocate memory") != std::string::npos ||
                      message.find("out of memory") != std::string::npos;
  if (memory) {
    throw Error(Status::out_of_memory,
                what + ": out of memory; use smaller batches (--batch-size) or chunks (--stream)", trace);
  }
  throw Error(Status::bad_data, what + ": " + essential_line(message), trace);
}

}  // namespace zoo
