#include <string>

#include "base/message.h"
#include "check.h"
#include "core/device.h"

namespace zoo::test {

TEST(messages) {
  CHECK(shorten("short", 10) == "short");
  CHECK(shorten(std::string(300, 'a') + std::string(300, 'b'), 100).size() == 100);
  CHECK(shorten("two\nlines", 100) == "two lines");
  CHECK(quote("a\tb") == "'a b'");
  CHECK(quote("caf\xc3\xa9 \xaf\xc3") ==
        "'caf\xc3\xa9 ?"
        "?'");
  CHECK(shorten("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", 9) == "\xc3\xa9 ... \xc3\xa9");
  CHECK(shorten("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", 8) == "? ... \xc3\xa9");
  CHECK(essential_line("what it says:\nmore") == "what it says");
  CHECK(essential_line("one line") == "one line");
  CHECK(essential_line("first\nsecond\n") == "first");
  CHECK(essential_line("The following operation failed\n  File x\nRuntimeError: "
                       "outer\nmore\nbuiltins.ValueError: inner\n") == "builtins.ValueError: inner");
  CHECK(essential_line(
            "__torch__.___torch_mangle_27.GRU (of Python compilation unit at: 0x5564) has no 'rnn'") ==
        "__torch__.GRU has no 'rnn'");
  CHECK(essential_line("").empty());
  CHECK(parse_device("cuda").text() == "cuda:0" && parse_device("cuda:3").index == 3 &&
        parse_device("cpu").kind() == "cpu");
  for (const char* bad : {"", "gpu", "cuda:", "cuda:-1", "cuda:x", "cuda:1x", "cpu:0"}) {
    CHECK(contains(ERROR_OF(Status::usage, [&] { parse_device(bad); }), "unknown device"));
  }
}

}  // namespace zoo::test
