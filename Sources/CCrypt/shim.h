#ifndef MAILPORTAL_CCRYPT_SHIM_H
#define MAILPORTAL_CCRYPT_SHIM_H
// crypt_gensalt_ra and crypt_ra are extensions, hidden without this.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <crypt.h>
#endif
