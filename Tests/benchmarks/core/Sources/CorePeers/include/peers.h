// The same work in C: the floor that the Swift side is measured against.
#pragma once
#include <stddef.h>
#include <stdint.h>

void peer_keccak256(const uint8_t *input, size_t count, uint8_t output[32]);

// base58 by limbs of 58^10 and the processor's own division; returns the length of the text.
size_t peer_base58(const uint8_t *input, size_t count, char *output);

void peer_setup(void);
// Signs, so that there is something to recover: 64 bytes and the recovery id.
int peer_sign(const uint8_t digest[32], const uint8_t key[32], uint8_t signature[64]);
// Parses the signature, recovers the point.
int peer_recover(const uint8_t digest[32], const uint8_t signature[64], int id);
// The same, down to the address.
int peer_recover_address(const uint8_t digest[32], const uint8_t signature[64], int id, uint8_t address[20]);
