internal import CCurl

/// Sets options of a handle, each with the type that it takes; a refusal is an error, never ignored.
@unsafe struct EasyOptions {
    private let easy: UnsafeMutableRawPointer

    init(_ easy: UnsafeMutableRawPointer) { unsafe self.easy = unsafe easy }

    func set(_ option: CURLoption, _ value: Int) throws(HTTPError) {
        try unsafe Self.check(orakey_curl_set_long(easy, option, value), option)
    }

    func setOffset(_ option: CURLoption, _ value: Int) throws(HTTPError) {
        try unsafe Self.check(orakey_curl_set_offset(easy, option, curl_off_t(value)), option)
    }

    func set(_ option: CURLoption, _ value: String) throws(HTTPError) {
        try unsafe Self.check(orakey_curl_set_string(easy, option, value), option)
    }

    func set(_ option: CURLoption, pointer: UnsafeRawPointer?) throws(HTTPError) {
        try unsafe Self.check(orakey_curl_set_pointer(easy, option, pointer), option)
    }

    func set(_ option: CURLoption, list: UnsafeMutablePointer<curl_slist>?) throws(HTTPError) {
        try unsafe Self.check(orakey_curl_set_list(easy, option, list), option)
    }

    func set(_ option: CURLoption, callback: orakey_curl_data_callback) throws(HTTPError) {
        try unsafe Self.check(orakey_curl_set_data_callback(easy, option, callback), option)
    }

    func setSocketCallback(_ callback: orakey_curl_socket_callback) throws(HTTPError) {
        try unsafe Self.check(orakey_curl_set_socket_callback(easy, callback), CURLOPT_SOCKOPTFUNCTION)
    }

    func setRequestCallback(_ callback: orakey_curl_request_callback) throws(HTTPError) {
        try unsafe Self.check(orakey_curl_set_request_callback(easy, callback), CURLOPT_PREREQFUNCTION)
    }

    func setCloseCallback(_ callback: orakey_curl_close_callback) throws(HTTPError) {
        try unsafe Self.check(orakey_curl_set_close_callback(easy, callback), CURLOPT_CLOSESOCKETFUNCTION)
    }

    private static func check(_ code: CURLcode, _ option: CURLoption) throws(HTTPError) {
        guard code == CURLE_OK else {
            throw HTTPError(.invalidRequest, "libcurl refuses option \(option.rawValue) (code \(code.rawValue))")
        }
    }
}
