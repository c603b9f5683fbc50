// What the library refuses of a process, in words: prints what does not hold.
//   process
#include "zoo/process.h"

#include <cstdint>
#include <exception>
#include <iostream>
#include <string>

#include "expect.h"
#include "zoo/error.h"
#include "zoo/tensor.h"

namespace {

template <typename Call>
void expect_refusal(zoo::Status status, const std::string& words, Call call) {
  try {
    call();
  } catch (const zoo::Error& error) {
    const std::string message = error.what();
    expect(error.status() == status && message.find(words) != std::string::npos, words + ", got " + message);
    return;
  } catch (const std::exception& error) {
    expect(false, words + ", got the foreign error " + error.what());
    return;
  }
  expect(false, words + ": nothing was refused");
}

}  // namespace

int main() {
  for (const std::int64_t count :
       {std::int64_t{0}, std::int64_t{-1}, zoo::kMostThreads + 1, std::int64_t{1} << 32}) {
    expect_refusal(zoo::Status::usage,
                   std::to_string(count) + " threads were asked for, expected from 1 to 1024",
                   [&] { zoo::use_threads(count); });
  }
  zoo::use_threads(2);
  expect(zoo::threads() == 2, "a number of threads is taken");
  expect_refusal(zoo::Status::out_of_memory, "takes 4503599627370496 bytes, more than this process can have",
                 [] { zoo::Tensor(zoo::DType::float32, {std::int64_t{1} << 50}); });
  expect_refusal(zoo::Status::out_of_memory, "takes 9223372036854775800 bytes",
                 [] { zoo::Tensor(zoo::DType::int64, {(std::int64_t{1} << 60) - 1}); });
  expect_refusal(zoo::Status::bad_data, "is too large: more than 2^60 elements",
                 [] { zoo::Tensor(zoo::DType::int64, {std::int64_t{1} << 31, std::int64_t{1} << 31}); });
  return failures() == 0 ? 0 : 1;
}
