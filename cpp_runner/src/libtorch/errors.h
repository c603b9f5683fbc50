// LibTorch's exceptions as Error. This header includes LibTorch.
#pragma once

#include <c10/util/Exception.h>

#include <exception>
#include <new>
#include <string>

#include "base/message.h"
#include "zoo/error.h"

namespace zoo {

// Keeps the essential line of `message` and the whole `trace`. Out of memory has a status of its own.
[[noreturn]] inline void throw_torch_error(const std::string& what, const std::string& message,
                                           const std::string& trace) {
  const bool memory = message.find("can't allocate memory") != std::string::npos ||
                      message.find("out of memory") != std::string::npos;
  if (memory) {
    throw Error(Status::out_of_memory, what + ": out of memory; use smaller batches or chunks",
                Hint::smaller_parts, trace);
  }
  throw Error(Status::bad_data, what + ": " + essential_line(message), Hint::none, trace);
}

// Calls `call`. An exception of LibTorch becomes an Error(bad_data) that begins with `what`.
template <typename Call>
auto translate_errors(const std::string& what, Call&& call) {
  try {
    return call();
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const c10::Error& error) {
    throw_torch_error(what, error.what_without_backtrace(), error.what());
  } catch (const std::exception& error) {
    throw_torch_error(what, error.what(), error.what());
  }
}

}  // namespace zoo
