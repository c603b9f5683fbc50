#include "npy_header.h"

#include <charconv>
#include <set>

#include "message.h"
#include "zoo/error.h"

namespace zoo {
namespace {

class Parser {
 public:
  Parser(std::string_view text, const std::string& what) : rest_(text), what_(what) {}

  NpyHeader parse() {
    NpyHeader header;
    std::set<std::string> seen;
    expect('{');
    while (!accept('}')) {
      const std::string key = parse_string();
      if (!seen.insert(key).second) fail("key " + quote(key) + " occurs twice");
      expect(':');
      if (key == "descr") {
        header.descr = parse_descr();
        // What follows the bracket of a structured dtype is of no use to anyone.
        if (header.descr == "[") return header;
      } else if (key == "fortran_order") {
        header.fortran_order = parse_bool();
      } else if (key == "shape") {
        header.shape = parse_shape();
      } else {
        fail("unknown key " + quote(key));
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (!rest_.empty()) fail("text after the closing brace");
    if (seen.size() != 3) fail("expected the keys descr, fortran_order and shape");
    return header;
  }

 private:
  [[noreturn]] void fail(const std::string& detail) const {
    throw Error(Status::bad_data, what_ + ": bad .npy header: " + detail);
  }

  void skip_space() {
    const auto first = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(first == std::string_view::npos ? rest_.size() : first);
  }

  bool accept(char c) {
    skip_space();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void expect(char c) {
    if (!accept(c)) fail(std::string("expected '") + c + "' before " + quote(rest_.substr(0, 20)));
  }

  std::string parse_string() {
    const char mark = accept('\'') ? '\'' : '"';
    if (mark == '"') expect('"');
    const auto end = rest_.find(mark);
    if (end == std::string_view::npos) fail("a string does not end");
    std::string value(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return value;
  }

  std::string parse_descr() { return accept('[') ? "[" : parse_string(); }

  bool parse_bool() {
    skip_space();
    for (const auto& [word, value] : {std::pair<std::string_view, bool>{"True", true}, {"False", false}}) {
      if (rest_.starts_with(word)) {
        rest_.remove_prefix(word.size());
        return value;
      }
    }
    fail("fortran_order is neither True nor False");
  }

  Shape parse_shape() {
    Shape shape;
    expect('(');
    while (!accept(')')) {
      skip_space();
      std::int64_t size = 0;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), size);
      if (error == std::errc::result_out_of_range) fail("a size of the shape is too large");
      if (error != std::errc() || size < 0) fail("the shape is not a tuple of sizes");
      rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
      accept('L');  // Python 2 wrote long integers so
      shape.push_back(size);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return shape;
  }

  std::string_view rest_;
  const std::string& what_;
};

}  // namespace

NpyHeader parse_npy_header(std::string_view text, const std::string& what) {
  return Parser(text, what).parse();
}

}  // namespace zoo
