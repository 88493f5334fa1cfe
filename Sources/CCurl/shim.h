#pragma once
#include <curl/curl.h>

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

static inline CURLcode orakey_curl_get_long(CURL *easy, CURLINFO info, long *value) {
    return curl_easy_getinfo(easy, info, value);
}
static inline CURLcode orakey_curl_get_offset(CURL *easy, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLMcode orakey_curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

// The result is in a union, of which only this member is ever used.
static inline CURLcode orakey_curl_message_result(const CURLMsg *message) { return message->data.result; }
