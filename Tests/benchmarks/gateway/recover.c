// Prints the median time of secp256k1_ecdsa_recover in microseconds: the floor of seeing a key for the first time.
#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 2001 };

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e6 + time.tv_nsec * 1e-3;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(void) {
    secp256k1_context *context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    static double times[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        unsigned char key[32] = {1}, digest[32] = {2}, compact[64];
        secp256k1_ecdsa_recoverable_signature signature;
        secp256k1_pubkey point;
        int id;
        memcpy(key + 1, &i, sizeof i);
        memcpy(digest + 1, &i, sizeof i);
        if (!secp256k1_ecdsa_sign_recoverable(context, &signature, digest, key, NULL, NULL)) return 1;
        secp256k1_ecdsa_recoverable_signature_serialize_compact(context, compact, &id, &signature);
        double start = now();
        int good = secp256k1_ecdsa_recoverable_signature_parse_compact(context, &signature, compact, id) &&
                   secp256k1_ecdsa_recover(context, &point, &signature, digest);
        times[i] = now() - start;
        if (!good) return 1;
    }
    qsort(times, ROUNDS, sizeof *times, compare);
    printf("%.2f\n", times[ROUNDS / 2]);
    return 0;
}
