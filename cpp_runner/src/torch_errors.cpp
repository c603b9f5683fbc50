#include "torch_errors.h"

#include "message.h"

namespace zoo {

void throw_torch_error(const std::string& what, const std::string& message, const std::string& trace) {
  const bool memory = message.find("can't allocate memory") != std::string::npos ||
                      message.find("out of memory") != std::string::npos;
  throw Error(memory ? Status::out_of_memory : Status::bad_data, what + ": " + essential_line(message),
              trace);
}

}  // namespace zoo
