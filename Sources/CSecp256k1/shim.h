#pragma once
#include <secp256k1.h>
#include <secp256k1_recovery.h>

// The library declares this pointer as a variable, which Swift cannot read safely from several threads. It never changes.
static inline const secp256k1_context *orakey_secp256k1_static(void) { return secp256k1_context_static; }
