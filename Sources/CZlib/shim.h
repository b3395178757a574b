#ifndef MAILPORTAL_CZLIB_SHIM_H
#define MAILPORTAL_CZLIB_SHIM_H
#include <zlib.h>

// The init functions of zlib are macros, which Swift does not see.
static inline int mailportal_deflate_init(z_streamp stream, int level, int window_bits) {
    return deflateInit2(stream, level, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
}
static inline int mailportal_inflate_init(z_streamp stream, int window_bits) {
    return inflateInit2(stream, window_bits);
}
#endif
