#include "peers.h"
#include <string.h>

static const char alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
static const uint64_t base = 430804206899405824; // 58^10

// high < divisor, so the quotient fits and one instruction does it.
static inline uint64_t divide(uint64_t high, uint64_t low, uint64_t divisor, uint64_t *remainder) {
#if defined(__x86_64__)
  uint64_t quotient;
  __asm__("divq %4" : "=a"(quotient), "=d"(*remainder) : "a"(low), "d"(high), "r"(divisor));
  return quotient;
#else
  unsigned __int128 value = (unsigned __int128)high << 64 | low;
  *remainder = (uint64_t)(value % divisor);
  return (uint64_t)(value / divisor);
#endif
}

size_t peer_base58(const uint8_t *input, size_t count, char *output) {
  uint64_t limbs[64], carry = 0;
  size_t used = 0, zeros = 0, position;
  while (zeros < count && input[zeros] == 0) output[zeros++] = '1';
  position = zeros;
  for (size_t head = (count - zeros) % 8; head; head--) carry = carry << 8 | input[position++];
  for (; carry; carry /= base) limbs[used++] = carry % base;
  for (; position < count; position += 8) {
    memcpy(&carry, input + position, 8);
    carry = __builtin_bswap64(carry);
    for (size_t i = 0; i < used; i++) carry = divide(limbs[i], carry, base, &limbs[i]);
    for (; carry; carry /= base) limbs[used++] = carry % base;
  }
  if (!used) return zeros;
  char top[11], *end = output + zeros;
  int digits = 0;
  for (uint64_t limb = limbs[used - 1]; limb; limb /= 58) top[digits++] = alphabet[limb % 58];
  while (digits) *end++ = top[--digits];
  for (size_t i = used - 1; i-- > 0; end += 10) {
    uint64_t limb = limbs[i];
    for (int k = 9; k >= 0; k--, limb /= 58) end[k] = alphabet[limb % 58];
  }
  return (size_t)(end - output);
}
