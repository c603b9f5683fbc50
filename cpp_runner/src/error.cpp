#include "zoo/error.h"

#include <utility>

namespace zoo {

Error::Error(Status status, const std::string& message, std::string trace)
    : std::runtime_error(message), status_(status), trace_(std::move(trace)) {}
Error::Error(const Error&) = default;
Error& Error::operator=(const Error&) = default;
Error::~Error() = default;

}  // namespace zoo
