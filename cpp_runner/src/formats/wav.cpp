#include "zoo/wav.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/message.h"
#include "base/numbers.h"
#include "formats/file.h"
#include "zoo/error.h"

namespace zoo {
namespace {

constexpr std::size_t kPreamble = 12;      // "RIFF", a size, "WAVE"
constexpr std::size_t kChunkHeader = 8;    // a name, a size
constexpr std::size_t kShortestForm = 16;  // bytes of the chunk "fmt " that every form has
constexpr std::uint16_t kWhole = 1, kFloat = 3, kExtensible = 0xFFFE;
// Where an extensible form has the number that others begin with.
constexpr std::size_t kExtendedForm = 24;
// What programs write as a size when they do not know it yet, such as ffmpeg into a pipe.
constexpr std::array<std::uint32_t, 4> kUnknownSizes{0, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};

[[noreturn]] void fail(const std::string& what, const std::string& message) {
  throw Error(Status::bad_data, what + ": " + message);
}

std::string_view text_at(std::span<const std::byte> bytes, std::size_t place, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes.data()) + place, size};
}

// How samples are written.
struct Form {
  std::uint16_t encoding = 0;  // kWhole or kFloat
  std::uint16_t channels = 0;
  std::uint32_t rate = 0;
  std::size_t bytes = 0;  // of a sample
};

Form parse_form(std::span<const std::byte> chunk, const std::string& what) {
  if (chunk.size() < kShortestForm) fail(what, "its chunk 'fmt ' is cut; convert it again");
  const auto number = [&](std::size_t place) {
    return read_little_endian<std::uint16_t>(chunk, place).value_or(0);
  };
  Form form{number(0), number(2), read_little_endian<std::uint32_t>(chunk, 4).value_or(0), 0};
  const std::uint16_t frame = number(12), bits = number(14);
  if (form.encoding == kExtensible) form.encoding = number(kExtendedForm);
  if (form.channels == 0 || form.rate == 0) fail(what, "it has no channel or no rate; convert it again");
  form.bytes = frame / form.channels;
  const bool whole = form.encoding == kWhole && form.bytes >= 1 && form.bytes <= 4;
  const bool real = form.encoding == kFloat && (form.bytes == 4 || form.bytes == 8);
  if ((!whole && !real) || form.bytes * form.channels != frame || (bits + 7U) / 8U != form.bytes) {
    fail(what, "encoding " + std::to_string(form.encoding) + " of " + std::to_string(bits) +
                   " bits is not read, only whole numbers (1) and floats (3); convert it");
  }
  return form;
}

// The bytes of samples, from `begin` on.
std::span<const std::byte> cut_samples(std::span<const std::byte> bytes, std::size_t begin,
                                       std::uint32_t size, std::size_t frame, const std::string& what) {
  const auto rest = bytes.subspan(begin);
  const bool known = std::ranges::find(kUnknownSizes, size) == kUnknownSizes.end();
  if (known && size > rest.size()) {
    fail(what, "it is cut: its chunk 'data' says " + std::to_string(size) + " bytes of sound, and " +
                   std::to_string(rest.size()) + " are there; copy it again");
  }
  const auto data = known ? rest.first(size) : rest;
  if (data.size() % frame != 0) {
    fail(what,
         "it is cut: " + std::to_string(data.size()) + " bytes of sound end inside a sample; copy it again");
  }
  return data;
}

// A whole number of 8 bits has no sign, and silence is 128; longer ones have a sign.
double read_whole(std::span<const std::byte> sample) {
  if (sample.size() == 1) return (std::to_integer<int>(sample[0]) - 128) / 128.0;
  std::uint32_t bits = 0;  // the sample in the highest bytes, so that its sign is that of the number
  for (std::size_t k = 0; k < sample.size(); ++k) {
    bits |= std::to_integer<std::uint32_t>(sample[k]) << (8 * (4 - sample.size() + k));
  }
  return std::bit_cast<std::int32_t>(bits) / 2147483648.0;
}

float read_sample(std::span<const std::byte> sample, std::uint16_t encoding) {
  if (encoding == kWhole) return static_cast<float>(read_whole(sample));
  if (sample.size() == 4) {
    return std::bit_cast<float>(read_little_endian<std::uint32_t>(sample, 0).value_or(0));
  }
  return static_cast<float>(std::bit_cast<double>(read_little_endian<std::uint64_t>(sample, 0).value_or(0)));
}

}  // namespace

bool is_wav(std::span<const std::byte> bytes) {
  return bytes.size() >= kPreamble && text_at(bytes, 0, 4) == "RIFF" && text_at(bytes, 8, 4) == "WAVE";
}

Sound read_wav(const std::filesystem::path& path) {
  return parse_wav(read_file(path, "file").bytes(), "file " + quote(path.native()));
}

Sound parse_wav(std::span<const std::byte> bytes, const std::string& what) {
  if (!is_wav(bytes)) fail(what, "not a WAV file: it does not begin with RIFF and WAVE");
  std::optional<Form> form;
  for (std::size_t place = kPreamble; place + kChunkHeader <= bytes.size();) {
    const std::string_view name = text_at(bytes, place, 4);
    const std::uint32_t size = read_little_endian<std::uint32_t>(bytes, place + 4).value_or(0);
    const std::size_t begin = place + kChunkHeader;
    if (name == "data") {
      if (!form) fail(what, "its sound stands before its form; convert it again");
      const auto data = cut_samples(bytes, begin, size, form->bytes * form->channels, what);
      Sound sound{{}, form->rate, form->channels};
      sound.samples.reserve(data.size() / form->bytes);
      for (std::size_t k = 0; k < data.size(); k += form->bytes) {
        sound.samples.push_back(read_sample(data.subspan(k, form->bytes), form->encoding));
      }
      return sound;
    }
    if (size > bytes.size() - begin) break;
    if (name == "fmt ") form = parse_form(bytes.subspan(begin, size), what);
    place = begin + size + size % 2;
  }
  fail(what, "it is cut: it ends before its sound; copy it again");
}

}  // namespace zoo
