#include "formats/recognition.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include "base/message.h"

namespace zoo {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kLooked = 4096;     // bytes of a text, and of an archive's first names
constexpr std::size_t kShortestText = 8;  // one or two numbers may be printable by chance

constexpr std::string_view kSamples = "samples (soundfile.read)", kNumbers = "numbers",
                           kArray = "array (numpy.load)";

struct Mark {
  std::string_view first;   // the bytes at the beginning
  std::size_t place;        // of the other bytes
  std::string_view second;  // empty where the first suffice
  FileKind kind;
};

// Each is four bytes or more that numbers do not begin with by chance.
constexpr std::array kMarks{
    Mark{"RIFF", 8, "WAVE", {"a WAV file", kSamples}},
    Mark{"RIFX", 8, "WAVE", {"a WAV file", kSamples}},
    Mark{"RF64", 8, "WAVE", {"a WAV file", kSamples}},
    Mark{"FORM", 8, "AIF", {"an AIFF file", kSamples}},
    Mark{"fLaC", 0, "", {"a FLAC file", kSamples}},
    Mark{"OggS", 0, "", {"an Ogg file", kSamples}},
    Mark{"ID3\2"sv, 0, "", {"an MP3 file", kSamples}},
    Mark{"ID3\3"sv, 0, "", {"an MP3 file", kSamples}},
    Mark{"ID3\4"sv, 0, "", {"an MP3 file", kSamples}},
    Mark{".snd", 0, "", {"an AU file", kSamples}},
    Mark{"\0\0\0"sv, 4, "ftyp", {"an MP4 file", "samples"}},
    Mark{"\x89HDF\r\n\x1a\n"sv, 0, "", {"an HDF5 file", "array (h5py)"}},
    Mark{"MATLAB 5.0 MAT-file", 0, "", {"a MATLAB file", "array (scipy.io.loadmat)"}},
    Mark{"PAR1", 0, "", {"a Parquet file", kNumbers}},
    Mark{"\x80\2\x8a\x0al\xfc\x9c"sv, 0, "", {"a PyTorch file", "tensor (torch.load)"}},
    Mark{"\x89PNG\r\n\x1a\n"sv, 0, "", {"a PNG picture", kNumbers}},
};

bool has_at(std::string_view text, std::size_t place, std::string_view part) {
  return text.size() >= place && text.substr(place, part.size()) == part;
}

bool matches(std::string_view text, const Mark& mark) {
  return text.starts_with(mark.first) && has_at(text, mark.place, mark.second);
}

// The names of an archive's first records tell what wrote it.
FileKind kind_of_zip(std::string_view text) {
  const auto names = [&](std::string_view part) { return text.find(part) != std::string_view::npos; };
  if (names("/data.pkl")) return {"a PyTorch file", "tensor (torch.load)"};
  if (names(".npy")) return {"a .npz archive", kArray};
  if (names("[Content_Types].xml")) return {"an Excel file", kNumbers};
  return {"a zip archive", kNumbers};
}

// One number over and over, whose bytes may be printable.
bool repeats_a_number(std::string_view text) {
  constexpr std::array<std::size_t, 3> sizes{2, 4, 8};
  return std::ranges::any_of(
      sizes, [&](std::size_t size) { return text.substr(size) == text.substr(0, text.size() - size); });
}

// UTF-8 without control characters, and with the end of a line.
bool is_text(std::string_view text, bool cut) {
  if (text.size() < kShortestText || text.find('\n') == std::string_view::npos || repeats_a_number(text))
    return false;
  for (std::size_t position = 0; position < text.size();) {
    const std::size_t length = utf8_length(text, position);
    if (length == 0) return cut && text.size() - position < 4;  // the last character may be cut
    const auto byte = static_cast<unsigned char>(text[position]);
    const bool blank = byte == '\t' || byte == '\n' || byte == '\r';
    if ((byte < 0x20 && !blank) || byte == 0x7f) return false;
    position += length;
  }
  return true;
}

// The bytes of the frame of MPEG audio, layer III, that begins at `place`; 0 where none does.
std::size_t mp3_frame_size(std::string_view text, std::size_t place) {
  constexpr std::array<std::array<std::size_t, 14>, 2> kilobits{
      {{8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
       {32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320}}};
  constexpr std::array<std::size_t, 3> rates{44100, 48000, 32000};
  if (place + 4 > text.size()) return 0;
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[place + k]); };
  const unsigned version = (byte(1) >> 3) & 3U, bits = byte(2) >> 4, rate = (byte(2) >> 2) & 3U;
  if (byte(0) != 0xFF || (byte(1) & 0xE6U) != 0xE2U || version == 1 || bits == 0 || bits == 15 || rate == 3) {
    return 0;
  }
  const bool first = version == 3;
  const std::size_t hertz = rates[rate] >> (first ? 0U : version == 2 ? 1U : 2U);
  const std::size_t padding = (byte(2) >> 1) & 1U;
  return (first ? 144 : 72) * kilobits[first ? 1 : 0][bits - 1] * 1000 / hertz + padding;
}

// Two frames in a row: one alone may be a number.
bool is_mp3(std::string_view text) {
  const std::size_t size = mp3_frame_size(text, 0);
  return size > 0 && mp3_frame_size(text, size) > 0;
}

}  // namespace

std::optional<FileKind> recognize(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), std::min(bytes.size(), kLooked));
  const auto mark = std::ranges::find_if(kMarks, [&](const Mark& each) { return matches(text, each); });
  if (mark != kMarks.end()) return mark->kind;
  if (text.starts_with("PK\3\4"sv)) return kind_of_zip(text);
  if (is_mp3(text)) return FileKind{"an MP3 file", kSamples};
  if (is_text(text, bytes.size() > text.size())) return FileKind{"text", kNumbers};
  return std::nullopt;
}

}  // namespace zoo
