// The Python dict literal in the header of a .npy file.
#pragma once

#include <string>
#include <string_view>

#include "zoo/tensor.h"

namespace zoo {

struct NpyHeader {
  std::string descr;  // "<f4"; of a structured dtype only "["
  bool fortran_order = false;
  Shape shape;
};

// {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } with the keys in any order.
// Throws Error(bad_data); `what` names the file.
NpyHeader parse_npy_header(std::string_view text, const std::string& what);

}  // namespace zoo
