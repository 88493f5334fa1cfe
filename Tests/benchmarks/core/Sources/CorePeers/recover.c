#include "peers.h"
#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <string.h>

static secp256k1_context *context;

void peer_setup(void) {
  if (!context) context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
}

int peer_sign(const uint8_t digest[32], const uint8_t key[32], uint8_t signature[64]) {
  secp256k1_ecdsa_recoverable_signature recoverable;
  int id = -1;
  if (secp256k1_ecdsa_sign_recoverable(context, &recoverable, digest, key, NULL, NULL))
    secp256k1_ecdsa_recoverable_signature_serialize_compact(context, signature, &id, &recoverable);
  return id;
}

int peer_recover(const uint8_t digest[32], const uint8_t signature[64], int id) {
  secp256k1_ecdsa_recoverable_signature recoverable;
  secp256k1_pubkey point;
  return secp256k1_ecdsa_recoverable_signature_parse_compact(context, &recoverable, signature, id) &&
         secp256k1_ecdsa_recover(context, &point, &recoverable, digest);
}

int peer_recover_address(const uint8_t digest[32], const uint8_t signature[64], int id, uint8_t address[20]) {
  secp256k1_ecdsa_recoverable_signature recoverable;
  secp256k1_pubkey point;
  uint8_t bytes[65], hash[32];
  size_t count = sizeof bytes;
  if (!secp256k1_ecdsa_recoverable_signature_parse_compact(context, &recoverable, signature, id) ||
      !secp256k1_ecdsa_recover(context, &point, &recoverable, digest))
    return 0;
  secp256k1_ec_pubkey_serialize(context, bytes, &count, &point, SECP256K1_EC_UNCOMPRESSED);
  peer_keccak256(bytes + 1, 64, hash);
  memcpy(address, hash + 12, 20);
  return 1;
}
