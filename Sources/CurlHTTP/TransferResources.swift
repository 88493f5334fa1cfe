internal import CCurl
internal import CLinuxShims
internal import Glibc

/// The C memory that one exchange lends to libcurl, and what it is told.
@safe struct TransferResources {
    private var fields: UnsafeMutablePointer<curl_slist>?
    private var body: UnsafeMutableRawBufferPointer?
    private var errorBuffer: UnsafeMutablePointer<CChar>?

    /// What libcurl wrote about a failure.
    var errorText: String {
        unsafe errorBuffer.map { unsafe String(cString: $0) } ?? ""
    }

    /// Wipes and frees everything. Only once the handle no longer refers to it.
    mutating func free() {
        var node = unsafe fields
        while let current = unsafe node {
            if let data = unsafe current.pointee.data { unsafe explicit_bzero(data, strlen(data)) }
            unsafe node = unsafe current.pointee.next
        }
        if let list = unsafe fields { unsafe curl_slist_free_all(list) }
        unsafe fields = nil
        if let bytes = unsafe body {
            if let base = bytes.baseAddress { unsafe explicit_bzero(base, bytes.count) }
            unsafe bytes.deallocate()
        }
        unsafe body = nil
        unsafe errorBuffer?.deallocate()
        unsafe errorBuffer = nil
    }

    /// Sets every option of the handle.
    mutating func configure(
        _ easy: UnsafeMutableRawPointer, for request: HTTPRequest, context: UnsafeMutableRawPointer
    ) throws(HTTPError) {
        try request.validate()
        let options = unsafe EasyOptions(easy)
        try unsafe options.set(CURLOPT_NOSIGNAL, 1)
        // Without it, ending a transfer waits on this thread for a name server that does not answer.
        try unsafe options.set(CURLOPT_QUICK_EXIT, 1)
        try unsafe options.set(CURLOPT_PROTOCOLS_STR, "http,https")
        try unsafe options.set(CURLOPT_FOLLOWLOCATION, 0)
        try unsafe options.set(CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue))
        try unsafe options.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        try unsafe options.set(CURLOPT_TCP_KEEPALIVE, 1)
        try unsafe options.set(CURLOPT_URL, request.url.absolute)
        if let target = request.target { try unsafe options.set(CURLOPT_REQUEST_TARGET, target) }
        if request.usesFreshConnection { try unsafe options.set(CURLOPT_FRESH_CONNECT, 1) }
        if !request.keepsConnection { try unsafe options.set(CURLOPT_FORBID_REUSE, 1) }
        if let path = request.url.unixSocketPath { try unsafe options.set(CURLOPT_UNIX_SOCKET_PATH, path) }
        if request.url.isLoopback || request.proxy == .direct { try unsafe options.set(CURLOPT_PROXY, "") }
        try unsafe configureTLS(options, request)
        try unsafe configureLimits(options, request)
        try unsafe configureFields(options, request)
        try unsafe configureBody(options, request)
        try unsafe configureCallbacks(options, request, context: context)
    }

    /// Has every connection looked at before it is used, and its end told.
    func watch(_ easy: UnsafeMutableRawPointer, _ kept: KeptConnections) throws(HTTPError) {
        let options = unsafe EasyOptions(easy)
        try unsafe options.setRequestCallback(requestCallback)
        try unsafe options.setCloseCallback(closeCallback)
        try unsafe options.set(CURLOPT_CLOSESOCKETDATA, pointer: Unmanaged.passUnretained(kept).toOpaque())
    }

    private func configureTLS(_ options: EasyOptions, _ request: HTTPRequest) throws(HTTPError) {
        guard request.url.scheme == "https" else { return }
        try unsafe options.set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        try unsafe options.set(CURLOPT_SSL_VERIFYPEER, 1)
        try unsafe options.set(CURLOPT_SSL_VERIFYHOST, 2)
        try unsafe options.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        // Concurrent requests wait to see whether the first connection can carry them all.
        try unsafe options.set(CURLOPT_PIPEWAIT, 1)
        if let file = request.tls.authorityFile { try unsafe options.set(CURLOPT_CAINFO, file) }
        if let file = request.tls.certificateFile { try unsafe options.set(CURLOPT_SSLCERT, file) }
        if let file = request.tls.keyFile { try unsafe options.set(CURLOPT_SSLKEY, file) }
    }

    private func configureLimits(_ options: EasyOptions, _ request: HTTPRequest) throws(HTTPError) {
        try unsafe options.set(CURLOPT_CONNECTTIMEOUT_MS, request.timeouts.connect.milliseconds)
        if let total = request.timeouts.total { try unsafe options.set(CURLOPT_TIMEOUT_MS, total.milliseconds) }
        // Refuses at the announced length; the callback counts what was not announced.
        try unsafe options.setOffset(CURLOPT_MAXFILESIZE_LARGE, max(1, request.maxResponseBytes))
    }

    private mutating func configureFields(_ options: EasyOptions, _ request: HTTPRequest) throws(HTTPError) {
        for field in request.headers {
            // "Name;" is libcurl's way of saying: with an empty value.
            try append(field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
        }
        // libcurl would wait a second for a server that does not know `Expect`.
        if request.headers["expect"] == nil { try append("Expect:") }
        // A POST without a type would be called a form.
        if request.body != nil || request.upload != nil, request.headers["content-type"] == nil {
            try append("Content-Type:")
        }
        // HTTP/2 has no chunks; libcurl leaves the line out there.
        if let upload = request.upload, upload.length == nil { try append("Transfer-Encoding: chunked") }
        if let secret = request.secretHeader { try appendSecret(secret) }
        try unsafe options.set(CURLOPT_HTTPHEADER, list: fields)
    }

    private mutating func append(_ line: String) throws(HTTPError) {
        guard let list = unsafe curl_slist_append(fields, line) else { throw HTTPError(.other(27), "out of memory") }
        unsafe fields = list
    }

    private mutating func appendSecret(_ secret: HTTPSecretField) throws(HTTPError) {
        var list = unsafe fields
        var isUsable = false
        unsafe secret.withValue { value in
            guard unsafe !value.isEmpty, unsafe value.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return }
            let start = Array("\(secret.name): \(secret.prefix)".utf8)
            let line = UnsafeMutableRawBufferPointer.allocate(byteCount: start.count + value.count + 1, alignment: 1)
            unsafe line.copyBytes(from: start)
            unsafe UnsafeMutableRawBufferPointer(rebasing: line[start.count...]).copyMemory(from: value)
            unsafe line[line.count - 1] = 0
            if let base = line.baseAddress {
                if let longer = unsafe curl_slist_append(list, base.assumingMemoryBound(to: CChar.self)) {
                    unsafe list = unsafe longer
                    isUsable = true
                }
                unsafe explicit_bzero(base, line.count)
            }
            unsafe line.deallocate()
        }
        unsafe fields = unsafe list
        guard isUsable else { throw HTTPError(.invalidRequest, "the value of header \(secret.name) cannot be sent") }
    }

    private mutating func configureBody(_ options: EasyOptions, _ request: HTTPRequest) throws(HTTPError) {
        if let upload = request.upload {
            try unsafe options.set(CURLOPT_POST, 1)
            try unsafe options.setOffset(CURLOPT_POSTFIELDSIZE_LARGE, upload.length ?? -1)
            if request.method != "POST" { try unsafe options.set(CURLOPT_CUSTOMREQUEST, request.method) }
        } else if let bytes = request.body {
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, bytes.count), alignment: 1)
            unsafe copy.copyBytes(from: bytes)
            unsafe body = unsafe copy
            try unsafe options.set(CURLOPT_POST, 1)
            try unsafe options.setOffset(CURLOPT_POSTFIELDSIZE_LARGE, bytes.count)
            try unsafe options.set(CURLOPT_POSTFIELDS, pointer: copy.baseAddress)
            if request.method != "POST" { try unsafe options.set(CURLOPT_CUSTOMREQUEST, request.method) }
        } else if request.method == "HEAD" {
            try unsafe options.set(CURLOPT_NOBODY, 1)
        } else if request.method == "POST" {
            try unsafe options.set(CURLOPT_POST, 1)
            try unsafe options.setOffset(CURLOPT_POSTFIELDSIZE_LARGE, 0)
            try unsafe options.set(CURLOPT_POSTFIELDS, "")
        } else {
            try unsafe options.set(CURLOPT_HTTPGET, 1)
            if request.method != "GET" { try unsafe options.set(CURLOPT_CUSTOMREQUEST, request.method) }
        }
    }

    private mutating func configureCallbacks(
        _ options: EasyOptions, _ request: HTTPRequest, context: UnsafeMutableRawPointer
    ) throws(HTTPError) {
        let text = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe text.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        unsafe errorBuffer = unsafe text
        try unsafe options.set(CURLOPT_ERRORBUFFER, pointer: text)
        try unsafe options.set(CURLOPT_HEADERFUNCTION, callback: headerCallback)
        try unsafe options.set(CURLOPT_HEADERDATA, pointer: context)
        try unsafe options.set(CURLOPT_WRITEFUNCTION, callback: bodyCallback)
        try unsafe options.set(CURLOPT_WRITEDATA, pointer: context)
        if request.upload != nil {
            // Without a way to rewind: libcurl must not send the request a second time.
            try unsafe options.set(CURLOPT_READFUNCTION, callback: uploadCallback)
            try unsafe options.set(CURLOPT_READDATA, pointer: context)
        }
        try unsafe options.set(CURLOPT_PREREQDATA, pointer: context)
        try unsafe options.set(CURLOPT_PRIVATE, pointer: context)
        try unsafe options.setSocketCallback(socketCallback)
    }
}

// MARK: C callbacks

private let headerCallback: orakey_curl_data_callback = { bytes, size, count, context in
    guard let context = unsafe context else { return 0 }
    let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    return unsafe transfer.takeHeaderLine(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
}

private let bodyCallback: orakey_curl_data_callback = { bytes, size, count, context in
    guard let context = unsafe context else { return 0 }
    let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    return switch unsafe transfer.takeBody(UnsafeRawBufferPointer(start: bytes, count: size * count)) {
    case .taken: size * count
    case .paused: Int(CURL_WRITEFUNC_PAUSE)
    // Any other count than the one given ends the transfer.
    case .aborted: size * count == 0 ? 1 : 0
    }
}

private let uploadCallback: orakey_curl_data_callback = { room, size, count, context in
    guard let context = unsafe context else { return Int(CURL_READFUNC_ABORT) }
    let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    let room = unsafe UnsafeMutableRawBufferPointer(start: room, count: size * count)
    return unsafe transfer.giveBody(room) ?? Int(CURL_READFUNC_PAUSE)
}

private let requestCallback: orakey_curl_request_callback = { context, remote, local, remotePort, localPort in
    guard let context = unsafe context, let remote = unsafe remote, let local = unsafe local else {
        return CURL_PREREQFUNC_OK
    }
    let ends = unsafe ConnectionEnds(
        local: String(cString: local), localPort: Int(localPort), remote: String(cString: remote),
        remotePort: Int(remotePort))
    let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    return transfer.mayUse(ends) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}

private let closeCallback: orakey_curl_close_callback = { context, descriptor in
    if let context = unsafe context {
        unsafe Unmanaged<KeptConnections>.fromOpaque(context).takeUnretainedValue().forget(descriptor)
    }
    return close(descriptor)
}

/// libcurl 7.88 does not open its sockets with SOCK_CLOEXEC.
private let socketCallback: orakey_curl_socket_callback = { _, descriptor, _ in
    orakey_set_close_on_exec(descriptor, 1) == 0 ? Int32(CURL_SOCKOPT_OK) : Int32(CURL_SOCKOPT_ERROR)
}
