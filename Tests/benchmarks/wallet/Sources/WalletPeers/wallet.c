#include "wallet_peers.h"
#include <openssl/evp.h>
#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <stdlib.h>
#include <string.h>

static secp256k1_context *context;
static uint8_t secret[32];

void wallet_peers_setup(const uint8_t key[32]) {
  context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
  memcpy(secret, key, 32);
  if (!secp256k1_context_randomize(context, key)) abort();
}

static char *hex(const uint8_t *bytes, size_t count, char *output) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < count; i++) {
    *output++ = digits[bytes[i] >> 4];
    *output++ = digits[bytes[i] & 15];
  }
  return output;
}

size_t peer_derive_key(const uint8_t message[32], char *output) {
  static const char prefix[28] = "\x19" "Ethereum Signed Message:\n32";
  uint8_t text[60], digest[32], signature[65];
  char body[199], *end = body;
  secp256k1_ecdsa_recoverable_signature recoverable;
  int id;
  memcpy(text, prefix, 28);
  memcpy(text + 28, message, 32);
  peer_keccak256(text, 60, digest);
  if (!secp256k1_ecdsa_sign_recoverable(context, &recoverable, digest, secret, NULL, NULL)) abort();
  secp256k1_ecdsa_recoverable_signature_serialize_compact(context, signature, &id, &recoverable);
  signature[64] = (uint8_t)(27 + id);
  *end++ = '0', *end++ = 'x';
  end = hex(message, 32, end);
  *end++ = ':', *end++ = '0', *end++ = 'x';
  hex(signature, 65, end);
  return peer_base58((const uint8_t *)body, sizeof body, output);
}

int peer_recover_point(const uint8_t digest[32], const uint8_t signature[64], int id) {
  secp256k1_ecdsa_recoverable_signature recoverable;
  secp256k1_pubkey point;
  return secp256k1_ecdsa_recoverable_signature_parse_compact(context, &recoverable, signature, id) &&
         secp256k1_ecdsa_recover(context, &point, &recoverable, digest);
}

int peer_seed(const char *phrase, size_t count, uint8_t seed[64]) {
  return PKCS5_PBKDF2_HMAC(phrase, (int)count, (const uint8_t *)"mnemonic", 8, 2048, EVP_sha512(), 64, seed);
}

int peer_scrypt(const char *passphrase, size_t count, const uint8_t salt[32], uint64_t n, uint64_t r, uint64_t p, uint8_t key[32]) {
  return EVP_PBE_scrypt(passphrase, count, salt, 32, n, r, p, 1ull << 30, key, 32);
}
