// Everything not marked ZOO_API is hidden inside the shared library.
#pragma once

#define ZOO_API __attribute__((visibility("default")))
