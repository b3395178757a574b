#ifndef MAILPORTAL_CUNBOUND_SHIM_H
#define MAILPORTAL_CUNBOUND_SHIM_H
#include <unbound.h>
#endif
