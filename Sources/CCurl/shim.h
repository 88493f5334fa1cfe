#pragma once
#include <curl/curl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

// libcurl puts requests together in memory of its own, credentials and all, and would give it back as it is. All of it
// is wiped first.
static inline void orakey_curl_wiping_free(void *memory) {
    if (!memory) return;
    explicit_bzero(memory, malloc_usable_size(memory));
    free(memory);
}
static inline void *orakey_curl_wiping_realloc(void *memory, size_t size) {
    if (!memory) return malloc(size);
    void *fresh = malloc(size);
    if (!fresh) return NULL;
    size_t old = malloc_usable_size(memory);
    memcpy(fresh, memory, old < size ? old : size);
    orakey_curl_wiping_free(memory);
    return fresh;
}
static inline CURLcode orakey_curl_global_init(void) {
    return curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, orakey_curl_wiping_free, orakey_curl_wiping_realloc, strdup,
                                calloc);
}

// curl's setters and getters are variadic, which Swift cannot call. One function for each type of argument.

static inline CURLcode orakey_curl_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}
static inline CURLcode orakey_curl_set_offset(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}
// curl copies the string (CURLOPT_POSTFIELDS excepted, which goes through orakey_curl_set_pointer).
static inline CURLcode orakey_curl_set_string(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}
static inline CURLcode orakey_curl_set_pointer(CURL *easy, CURLoption option, const void *value) {
    return curl_easy_setopt(easy, option, value);
}
static inline CURLcode orakey_curl_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(easy, option, value);
}

typedef size_t (*orakey_curl_data_callback)(char *bytes, size_t size, size_t count, void *context);
static inline CURLcode orakey_curl_set_data_callback(CURL *easy, CURLoption option, orakey_curl_data_callback callback) {
    return curl_easy_setopt(easy, option, callback);
}
typedef int (*orakey_curl_socket_callback)(void *context, curl_socket_t descriptor, curlsocktype purpose);
static inline CURLcode orakey_curl_set_socket_callback(CURL *easy, orakey_curl_socket_callback callback) {
    return curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, callback);
}

typedef int (*orakey_curl_request_callback)(void *context, char *remote, char *local, int remote_port, int local_port);
static inline CURLcode orakey_curl_set_request_callback(CURL *easy, orakey_curl_request_callback callback) {
    return curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, callback);
}
typedef int (*orakey_curl_close_callback)(void *context, curl_socket_t descriptor);
static inline CURLcode orakey_curl_set_close_callback(CURL *easy, orakey_curl_close_callback callback) {
    return curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, callback);
}

static inline CURLcode orakey_curl_get_long(CURL *easy, CURLINFO info, long *value) {
    return curl_easy_getinfo(easy, info, value);
}
static inline CURLcode orakey_curl_get_offset(CURL *easy, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(easy, info, value);
}
static inline CURLcode orakey_curl_get_string(CURL *easy, CURLINFO info, const char **value) {
    return curl_easy_getinfo(easy, info, value);
}
static inline CURLcode orakey_curl_get_socket(CURL *easy, curl_socket_t *value) {
    return curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, value);
}

static inline CURLMcode orakey_curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

// The result is in a union, of which only this member is ever used.
static inline CURLcode orakey_curl_message_result(const CURLMsg *message) { return message->data.result; }
