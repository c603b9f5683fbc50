#include "zoo/error.h"

#include <utility>

namespace zoo {

Error::Error(Status status, const std::string& message, Hint hint, std::string trace)
    : std::runtime_error(message), status_(status), hint_(hint), trace_(std::move(trace)) {}
Error::Error(const Error&) = default;
Error& Error::operator=(const Error&) = default;
Error::~Error() = default;

}  // namespace zoo
