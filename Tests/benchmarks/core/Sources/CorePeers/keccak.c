#include "peers.h"
#include <string.h>

static const uint64_t constants[24] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b, 0x0000000080000001,
    0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003, 0x8000000000008002, 0x8000000000000080,
    0x000000000000800a, 0x800000008000000a, 0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

#define ROTATE(x, n) (((x) << (n)) | ((x) >> (64 - (n))))

static void permute(uint64_t *s) {
  uint64_t a0 = s[0], a1 = s[1], a2 = s[2], a3 = s[3], a4 = s[4], a5 = s[5], a6 = s[6], a7 = s[7], a8 = s[8], a9 = s[9], a10 = s[10], a11 = s[11], a12 = s[12];
  uint64_t a13 = s[13], a14 = s[14], a15 = s[15], a16 = s[16], a17 = s[17], a18 = s[18], a19 = s[19], a20 = s[20], a21 = s[21], a22 = s[22], a23 = s[23], a24 = s[24];
  for (int round = 0; round < 24; round++) {
    uint64_t c0 = a0 ^ a5 ^ a10 ^ a15 ^ a20;
    uint64_t c1 = a1 ^ a6 ^ a11 ^ a16 ^ a21;
    uint64_t c2 = a2 ^ a7 ^ a12 ^ a17 ^ a22;
    uint64_t c3 = a3 ^ a8 ^ a13 ^ a18 ^ a23;
    uint64_t c4 = a4 ^ a9 ^ a14 ^ a19 ^ a24;
    uint64_t d0 = c4 ^ ROTATE(c1, 1);
    uint64_t d1 = c0 ^ ROTATE(c2, 1);
    uint64_t d2 = c1 ^ ROTATE(c3, 1);
    uint64_t d3 = c2 ^ ROTATE(c4, 1);
    uint64_t d4 = c3 ^ ROTATE(c0, 1);
    uint64_t b0 = a0 ^ d0;
    uint64_t b10 = ROTATE(a1 ^ d1, 1);
    uint64_t b20 = ROTATE(a2 ^ d2, 62);
    uint64_t b5 = ROTATE(a3 ^ d3, 28);
    uint64_t b15 = ROTATE(a4 ^ d4, 27);
    uint64_t b16 = ROTATE(a5 ^ d0, 36);
    uint64_t b1 = ROTATE(a6 ^ d1, 44);
    uint64_t b11 = ROTATE(a7 ^ d2, 6);
    uint64_t b21 = ROTATE(a8 ^ d3, 55);
    uint64_t b6 = ROTATE(a9 ^ d4, 20);
    uint64_t b7 = ROTATE(a10 ^ d0, 3);
    uint64_t b17 = ROTATE(a11 ^ d1, 10);
    uint64_t b2 = ROTATE(a12 ^ d2, 43);
    uint64_t b12 = ROTATE(a13 ^ d3, 25);
    uint64_t b22 = ROTATE(a14 ^ d4, 39);
    uint64_t b23 = ROTATE(a15 ^ d0, 41);
    uint64_t b8 = ROTATE(a16 ^ d1, 45);
    uint64_t b18 = ROTATE(a17 ^ d2, 15);
    uint64_t b3 = ROTATE(a18 ^ d3, 21);
    uint64_t b13 = ROTATE(a19 ^ d4, 8);
    uint64_t b14 = ROTATE(a20 ^ d0, 18);
    uint64_t b24 = ROTATE(a21 ^ d1, 2);
    uint64_t b9 = ROTATE(a22 ^ d2, 61);
    uint64_t b19 = ROTATE(a23 ^ d3, 56);
    uint64_t b4 = ROTATE(a24 ^ d4, 14);
    a0 = b0 ^ (~b1 & b2) ^ constants[round];
    a1 = b1 ^ (~b2 & b3);
    a2 = b2 ^ (~b3 & b4);
    a3 = b3 ^ (~b4 & b0);
    a4 = b4 ^ (~b0 & b1);
    a5 = b5 ^ (~b6 & b7);
    a6 = b6 ^ (~b7 & b8);
    a7 = b7 ^ (~b8 & b9);
    a8 = b8 ^ (~b9 & b5);
    a9 = b9 ^ (~b5 & b6);
    a10 = b10 ^ (~b11 & b12);
    a11 = b11 ^ (~b12 & b13);
    a12 = b12 ^ (~b13 & b14);
    a13 = b13 ^ (~b14 & b10);
    a14 = b14 ^ (~b10 & b11);
    a15 = b15 ^ (~b16 & b17);
    a16 = b16 ^ (~b17 & b18);
    a17 = b17 ^ (~b18 & b19);
    a18 = b18 ^ (~b19 & b15);
    a19 = b19 ^ (~b15 & b16);
    a20 = b20 ^ (~b21 & b22);
    a21 = b21 ^ (~b22 & b23);
    a22 = b22 ^ (~b23 & b24);
    a23 = b23 ^ (~b24 & b20);
    a24 = b24 ^ (~b20 & b21);
  }
  s[0] = a0; s[1] = a1; s[2] = a2; s[3] = a3; s[4] = a4;
  s[5] = a5; s[6] = a6; s[7] = a7; s[8] = a8; s[9] = a9;
  s[10] = a10; s[11] = a11; s[12] = a12; s[13] = a13; s[14] = a14;
  s[15] = a15; s[16] = a16; s[17] = a17; s[18] = a18; s[19] = a19;
  s[20] = a20; s[21] = a21; s[22] = a22; s[23] = a23; s[24] = a24;
}

void peer_keccak256(const uint8_t *input, size_t count, uint8_t output[32]) {
  uint64_t state[25] = {0};
  for (; count >= 136; input += 136, count -= 136) {
    for (int i = 0; i < 17; i++) {
      uint64_t word;
      memcpy(&word, input + 8 * i, 8);
      state[i] ^= word;
    }
    permute(state);
  }
  uint8_t last[136] = {0};
  memcpy(last, input, count);
  last[count] = 1;
  last[135] |= 0x80;
  for (int i = 0; i < 17; i++) {
    uint64_t word;
    memcpy(&word, last + 8 * i, 8);
    state[i] ^= word;
  }
  permute(state);
  memcpy(output, state, 32);
}
