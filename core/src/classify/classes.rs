//! The names by which failures are known where no answer came: classes and codes, as their languages spell them.
//!
//! Of Python from openai 3.54, anthropic 2.12, httpx 0.28 and its successor httpx2 2.16, requests 2.34, aiohttp 3.14,
//! urllib3 2.8 and CPython 3.11; of JavaScript from openai 6 and 7, @anthropic-ai/sdk 1.12, undici 6 to 8 and Node 20 and
//! 24, whose errors are known by their `code`, listed like a class, and once more behind the system call it came from:
//! `connect ETIMEDOUT` was never sent, `ETIMEDOUT` alone may have been.

/// Classes that wrap what happened: a cause that a rule knows says more.
pub(super) const WRAPPERS: &[&str] = &[
    "APIConnectionError",    // openai, anthropic
    "APITimeoutError",       // openai, anthropic
    "TransportError",        // httpx
    "ProxyError",            // httpx, requests, urllib3
    "ConnectionError",       // Python, requests
    "MaxRetryError",         // urllib3
    "SSLError",              // Python, requests, urllib3
    "URLError",              // urllib
    "ClientConnectionError", // aiohttp
    "ClientOSError",         // aiohttp
    "ServerConnectionError", // aiohttp
    FETCH,
    "AbortError",        // DOMException; Node's has the reason as its cause
    "APIUserAbortError", // openai, anthropic; the former with the reason as its cause
];

/// A `TypeError` that is no bug: `fetch` throws one when no answer came, or only half of one. It stands for the class
/// where the message is one of [`FETCH_SAYS`].
pub(super) const FETCH: &str = "TypeError of fetch";

/// What such a `TypeError` says, alone or with more after it in brackets.
pub(super) const FETCH_SAYS: &[&str] = &[
    "fetch failed",                                    // Node
    "terminated",                                      // Node, in the middle of a body
    "Failed to fetch",                                 // Chromium, later ones name the host in brackets
    "network error",                                   // Chromium, in the middle of a body
    "NetworkError when attempting to fetch resource.", // Firefox
    "Error in input stream",                           // Firefox, in the middle of a body
    "Error in body stream",                            // Firefox up to 100
    "Load failed",                                     // Safari, later ones name the host in brackets
    "The network connection was lost.",                // Safari
    "The Internet connection appears to be offline.",  // Safari
    "Network request failed",                          // React Native, cross-fetch
    "Network connection lost.",                        // Cloudflare Workers
];

/// Classes of a connection that did not come about: only a certificate among its causes says more.
pub(super) const CONNECTING: &[&str] = &[
    "ConnectError",               // httpx: DNS, refused, TLS
    "ClientConnectorError",       // aiohttp: refused
    "ClientConnectorSSLError",    // aiohttp
    "ClientProxyConnectionError", // aiohttp
];

/// A certificate that was not accepted: always the reason, however it is wrapped.
pub(super) const CERTIFICATES: &[&str] = &[
    "SSLCertVerificationError",        // Python
    "CertificateError",                // urllib3
    "ClientConnectorCertificateError", // aiohttp
    "ServerFingerprintMismatch",       // aiohttp
    // Node: the names of OpenSSL's verdicts, and its own for a name that does not fit.
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "SELF_SIGNED_CERT_IN_CHAIN",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "UNABLE_TO_GET_ISSUER_CERT",
    "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    "CERT_HAS_EXPIRED",
    "CERT_NOT_YET_VALID",
    "CERT_REVOKED",
    "CERT_UNTRUSTED",
    "CERT_REJECTED",
    "CERT_SIGNATURE_FAILURE",
    "CERT_CHAIN_TOO_LONG",
    "INVALID_CA",
    "INVALID_PURPOSE",
    "HOSTNAME_MISMATCH",
];

/// Bugs of the host's own code, if the exception itself is one; a cause of this class proves nothing.
pub(super) const BUGS: &[&str] = &[
    "TypeError",
    "AttributeError",
    "NameError",
    "AssertionError",
    "NotImplementedError",
    "ImportError",
    "SyntaxError",
    "RecursionError",
    "ReferenceError", // JavaScript
    "RangeError",     // JavaScript, also for a recursion without end
];

/// A connection that was lost after it had come about: the request may have been sent.
pub(super) const LOST: &[&str] = &[
    "ConnectionResetError", // Python; aiohttp's ClientConnectionResetError and http.client's RemoteDisconnected
    "ConnectionAbortedError", // Python
    "BrokenPipeError",      // Python
    "SSLEOFError",          // Python: closed without a TLS goodbye
    "SSLZeroReturnError",   // Python: closed with one
    "IncompleteRead",       // http.client, urllib3
    "IncompleteReadError",  // asyncio
    "BadStatusLine",        // http.client
    "ProtocolError",        // urllib3; httpx, the base of its two
    "RemoteProtocolError",  // httpx
    "ReadError",            // httpx
    "WriteError",           // httpx
    "CloseError",           // httpx
    "ServerDisconnectedError", // aiohttp
    "ClientPayloadError",   // aiohttp
    "ChunkedEncodingError", // requests
    "BrokenResourceError",  // anyio, trio
    "EndOfStream",          // anyio
    "WebSocketConnectionClosedError", // openai
    "ECONNRESET",           // Node, also for a TLS goodbye that never came
    "ECONNABORTED",         // Node
    "EPIPE",                // Node
    "EPROTO",               // Node: not TLS, or none that both speak
    "ETIMEDOUT",            // Node: what was sent was never acknowledged
    "EHOSTUNREACH",         // Node, of a connection that had come about; likewise the next two
    "ENETUNREACH",
    "ENETDOWN",
    "ERR_STREAM_PREMATURE_CLOSE", // Node
    "UND_ERR_SOCKET",             // undici: closed by the other side
    "UND_ERR_DESTROYED",          // undici: its dispatcher was closed in the middle
    "HTTPParserError",            // undici: not HTTP
    "HPE_INVALID_CONSTANT",       // Node: not HTTP
];

/// The client's own limit for reading.
pub(super) const READ_LIMIT: &[&str] = &[
    "ReadTimeout",               // httpx, requests
    "ReadTimeoutError",          // urllib3
    "SocketTimeoutError",        // aiohttp
    "ServerTimeoutError",        // aiohttp
    "TimeoutException",          // httpx, the base of its four
    "Timeout",                   // requests, the base of its two
    "TimeoutError",              // Python: also asyncio.timeout and socket timeouts; urllib3, the base of its two
    "APITimeoutError",           // openai, anthropic
    "APIConnectionTimeoutError", // openai, anthropic: in JavaScript
    "UND_ERR_HEADERS_TIMEOUT",   // undici
    "UND_ERR_BODY_TIMEOUT",      // undici
];
