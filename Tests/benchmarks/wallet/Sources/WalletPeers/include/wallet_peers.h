// The same work in C: the floor that the Swift side is measured against.
#pragma once
#include "peers.h"

void wallet_peers_setup(const uint8_t key[32]);
// Signs the EIP-191 digest of the message with the key of the setup and writes base58 of the text layout; returns its length.
size_t peer_derive_key(const uint8_t message[32], char *output);
// Parses 64 bytes and recovers the point; 1 when there is one.
int peer_recover_point(const uint8_t digest[32], const uint8_t signature[64], int id);
// 2,048 rounds of PBKDF2-HMAC-SHA512, 64 bytes.
int peer_seed(const char *phrase, size_t count, uint8_t seed[64]);
// scrypt of 32 bytes.
int peer_scrypt(const char *passphrase, size_t count, const uint8_t salt[32], uint64_t n, uint64_t r, uint64_t p, uint8_t key[32]);
