#pragma once

// The vector operations of the instruction set that the source names with ZOO_ISA and ZOO_SIMD.

#include ZOO_SIMD
#include "kernels/views.h"
