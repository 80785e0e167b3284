//! Written from `rules.json` by `cargo xtask rules`: do not edit.

use super::rules::{Condition, On, Rule, Run};
use crate::policy::failure::{FailureKind as K, Phase as P};

/// How many words there are.
pub(super) const COUNT: usize = 585;

/// What is known about each, in order.
pub(super) static RULES: [Rule; 79] = [
    Rule::new(506, K::TimedOut, 0, 1, 0, [0, 0]), // said_timed_out
    Rule::new(507, K::ServerError, 1, 1, 0, [0, 0]), // said_transient
    Rule::new(508, K::InvalidRequest, 2, 1, 0, [0, 0]), // said_permanent
    Rule::new(509, K::Unknown, 3, 1, 0, [0, 0]), // said_already
    Rule::new(510, K::Cancelled, 4, 1, 0, [0, 0]).own(), // cancelled
    Rule::new(511, K::ContentRefused, 5, 1, 0, [0, 0]), // content
    Rule::new(512, K::ContentRefused, 6, 1, 0, [0, 0]), // content_blocked_prompt
    Rule::new(513, K::ContentRefused, 7, 2, 0, [0, 0]), // content_moderated
    Rule::new(514, K::ContentRefused, 9, 1, 0, [0, 0]), // content_by_phrase
    Rule::new(515, K::ContentRefused, 10, 1, 0, [0, 0]), // content_by_class
    Rule::new(516, K::ContentRefused, 11, 2, 0, [0, 0]), // content_zhipu
    Rule::new(517, K::ContextOverflow, 13, 1, 0, [0, 0]), // context
    Rule::new(518, K::ContextOverflow, 14, 1, 1, [0, 0]), // context_by_phrase
    Rule::new(519, K::ContextOverflow, 16, 2, 0, [0, 0]), // context_larger_than_a_minute
    Rule::new(520, K::ContextOverflow, 18, 1, 0, [0, 0]), // context_by_class
    Rule::new(521, K::ContextOverflow, 19, 2, 0, [0, 0]), // context_zhipu
    Rule::new(522, K::Overloaded, 21, 2, 0, [0, 0]), // upstream_limit
    Rule::new(523, K::ServerError, 23, 2, 0, [0, 0]), // upstream_account
    Rule::new(524, K::RateLimited, 25, 2, 1, [0, 0]), // tokens_of_a_minute
    Rule::new(525, K::RateLimited, 28, 2, 0, [0, 0]), // payment_with_a_time
    Rule::new(526, K::QuotaExhausted, 30, 1, 0, [0, 0]), // quota
    Rule::new(527, K::QuotaExhausted, 31, 2, 0, [0, 0]), // quota_by_phrase
    Rule::new(528, K::QuotaExhausted, 33, 2, 0, [0, 0]), // quota_zhipu
    Rule::new(529, K::NotFound, 35, 1, 0, [0, 0]), // model
    Rule::new(530, K::NotFound, 36, 2, 0, [0, 0]), // model_by_phrase
    Rule::new(531, K::NotFound, 38, 2, 0, [0, 0]), // model_zhipu
    Rule::new(532, K::RateLimited, 40, 2, 0, [0, 0]), // slow_down_429
    Rule::new(533, K::Overloaded, 42, 1, 0, [0, 0]), // overloaded
    Rule::new(534, K::Overloaded, 43, 1, 1, [0, 0]), // overloaded_by_phrase
    Rule::new(535, K::Overloaded, 45, 2, 0, [0, 0]), // overloaded_zhipu
    Rule::new(536, K::RateLimited, 47, 1, 0, [0, 0]), // rate_limit
    Rule::new(537, K::Auth, 48, 1, 0, [0, 0]), // auth_by_word
    Rule::new(538, K::Auth, 49, 2, 0, [0, 0]), // auth_by_phrase
    Rule::new(539, K::Auth, 51, 2, 0, [0, 0]), // auth_zhipu
    Rule::new(540, K::Malformed, 53, 1, 0, [0, 0]), // unusable_answer
    Rule::new(541, K::InvalidRequest, 54, 2, 1, [0, 0]), // refused_behind_5xx
    Rule::new(542, K::QuotaExhausted, 57, 1, 0, [0, 0]), // payment_402
    Rule::new(543, K::Auth, 58, 1, 0, [0, 0]), // auth_401_403
    Rule::new(544, K::NotFound, 59, 1, 0, [0, 0]), // not_found_404_410
    Rule::new(545, K::ServerError, 60, 1, 0, [0, 0]), // server_408_409_499
    Rule::new(546, K::ServerError, 61, 1, 0, [0, 0]), // server_424_425
    Rule::new(547, K::RateLimited, 62, 1, 0, [0, 0]), // rate_limit_429
    Rule::new(548, K::Overloaded, 63, 1, 0, [0, 0]), // overloaded_503_529
    Rule::new(549, K::ServerError, 64, 1, 0, [0, 0]), // server_5xx
    Rule::new(550, K::InvalidRequest, 65, 1, 0, [0, 0]), // refused_4xx
    Rule::new(551, K::Auth, 66, 1, 0, [0, 0]), // auth_by_type
    Rule::new(552, K::NotFound, 67, 1, 0, [0, 0]), // not_found_by_type
    Rule::new(553, K::RateLimited, 68, 1, 0, [0, 0]), // rate_limit_by_type
    Rule::new(554, K::Overloaded, 69, 1, 0, [0, 0]), // overloaded_by_type
    Rule::new(555, K::ServerError, 70, 1, 0, [0, 0]), // server_by_type
    Rule::new(556, K::InvalidRequest, 71, 1, 0, [0, 0]), // refused_by_type
    Rule::new(557, K::Certificate, 72, 1, 0, [0, 0]).at(P::Connect).unsent(), // certificate
    Rule::new(558, K::Certificate, 73, 2, 0, [0, 0]).at(P::Connect).unsent(), // certificate_by_phrase
    Rule::new(559, K::Malformed, 75, 2, 0, [0, 0]).own(), // malformed_json
    Rule::new(560, K::Bug, 77, 1, 0, [0, 0]).own(), // bug
    Rule::new(561, K::InvalidRequest, 78, 1, 0, [0, 0]), // unsendable
    Rule::new(562, K::Auth, 79, 1, 0, [0, 0]), // credentials
    Rule::new(563, K::NotFound, 80, 1, 0, [0, 0]), // no_such_model
    Rule::new(564, K::Unknown, 81, 1, 0, [0, 0]), // deadline
    Rule::new(565, K::Connect, 82, 1, 0, [0, 0]).at(P::Pool).unsent(), // pool
    Rule::new(566, K::Connect, 83, 1, 0, [0, 0]).at(P::Connect).unsent(), // dns
    Rule::new(567, K::Connect, 84, 1, 0, [0, 0]).at(P::Connect).unsent(), // refused
    Rule::new(568, K::Connect, 85, 1, 0, [0, 0]).at(P::Connect).unsent(), // connect_timeout
    Rule::new(569, K::Connect, 86, 1, 0, [0, 0]).at(P::Connect).unsent(), // connecting
    Rule::new(570, K::StreamBroken, 87, 2, 0, [0, 0]), // cut_after_progress
    Rule::new(571, K::Malformed, 89, 1, 0, [0, 0]), // malformed
    Rule::new(572, K::Connect, 90, 1, 0, [0, 0]).at(P::Pool).unsent(), // pool_by_phase
    Rule::new(573, K::Connect, 91, 1, 0, [0, 0]).at(P::Connect).unsent(), // connect_by_phase
    Rule::new(574, K::StreamBroken, 92, 2, 0, [0, 0]), // broken_after_progress
    Rule::new(575, K::Connect, 94, 2, 0, [0, 0]), // axios_lost
    Rule::new(576, K::StreamBroken, 96, 2, 0, [0, 0]), // stalled_after_progress
    Rule::new(577, K::Connect, 98, 1, 0, [0, 0]).at(P::Send), // write_timeout
    Rule::new(578, K::Connect, 99, 1, 0, [0, 0]), // lost
    Rule::new(579, K::ReadTimeout, 100, 1, 0, [0, 0]), // read_timeout
    Rule::new(580, K::Connect, 101, 2, 0, [0, 0]).at(P::Connect).unsent(), // refused_by_phrase
    Rule::new(581, K::Unknown, 103, 1, 0, [0, 0]), // aborted
    Rule::new(582, K::Connect, 104, 1, 0, [0, 0]), // wrapped
    Rule::new(583, K::ReadTimeout, 105, 1, 0, [0, 0]), // timeout_by_phrase
    Rule::new(584, K::Connect, 106, 1, 0, [0, 0]), // connection_by_phrase
];

/// What is asked, rule by rule.
pub(super) static CONDITIONS: [Condition; 107] = [
    Condition::new(On::Class, 314, 1),
    Condition::new(On::Class, 315, 1),
    Condition::new(On::Class, 316, 1),
    Condition::new(On::Class, 317, 4),
    Condition::new(On::Class, 196, 12),
    Condition::new(On::Code, 1, 10),
    Condition::new(On::Field, 11, 2),
    Condition::new(On::Status, 13, 1),
    Condition::new(On::Field, 14, 1),
    Condition::new(On::Phrase, 432, 8),
    Condition::new(On::Class, 321, 2),
    Condition::new(On::Status, 15, 2),
    Condition::new(On::Code, 17, 1),
    Condition::new(On::Code, 18, 5),
    Condition::new(On::Phrase, 440, 20),
    Condition::new(On::Status, 23, 4),
    Condition::new(On::Status, 27, 2),
    Condition::new(On::Phrase, 460, 1),
    Condition::new(On::Class, 323, 2),
    Condition::new(On::Status, 15, 1),
    Condition::new(On::Code, 29, 1),
    Condition::new(On::Status, 16, 1),
    Condition::new(On::Field, 30, 1),
    Condition::new(On::Status, 31, 3),
    Condition::new(On::Field, 30, 1),
    Condition::new(On::Status, 16, 1),
    Condition::new(On::Phrase, 461, 2),
    Condition::new(On::Phrase, 463, 1),
    Condition::new(On::Status, 24, 1),
    Condition::new(On::Header, 34, 1),
    Condition::new(On::Code, 35, 18),
    Condition::new(On::Status, 53, 5),
    Condition::new(On::Phrase, 464, 11),
    Condition::new(On::Status, 16, 1),
    Condition::new(On::Code, 58, 5),
    Condition::new(On::Code, 63, 7),
    Condition::new(On::Status, 70, 2),
    Condition::new(On::Phrase, 475, 5),
    Condition::new(On::Status, 72, 3),
    Condition::new(On::Code, 75, 4),
    Condition::new(On::Status, 16, 1),
    Condition::new(On::Code, 79, 1),
    Condition::new(On::Code, 80, 13),
    Condition::new(On::Phrase, 480, 10),
    Condition::new(On::Status, 93, 4),
    Condition::new(On::Status, 97, 2),
    Condition::new(On::Code, 99, 2),
    Condition::new(On::Code, 101, 9),
    Condition::new(On::Code, 110, 13),
    Condition::new(On::Status, 15, 1),
    Condition::new(On::Phrase, 490, 3),
    Condition::new(On::Status, 16, 1),
    Condition::new(On::Code, 123, 4),
    Condition::new(On::Code, 127, 2),
    Condition::new(On::Status, 129, 2),
    Condition::new(On::Code, 131, 6),
    Condition::new(On::Code, 137, 4),
    Condition::new(On::Status, 24, 1),
    Condition::new(On::Status, 94, 2),
    Condition::new(On::Status, 141, 2),
    Condition::new(On::Status, 143, 3),
    Condition::new(On::Status, 146, 2),
    Condition::new(On::Status, 16, 1),
    Condition::new(On::Status, 148, 2),
    Condition::new(On::Status, 98, 1),
    Condition::new(On::Status, 150, 1),
    Condition::new(On::Code, 151, 4),
    Condition::new(On::Code, 155, 3),
    Condition::new(On::Code, 158, 1),
    Condition::new(On::Code, 159, 1),
    Condition::new(On::Code, 160, 13),
    Condition::new(On::Code, 173, 8),
    Condition::new(On::Class, 248, 20),
    Condition::new(On::Class, 244, 4),
    Condition::new(On::Phrase, 493, 1),
    Condition::new(On::Class, 208, 1),
    Condition::new(On::Phrase, 494, 7),
    Condition::new(On::Class, 209, 10),
    Condition::new(On::Class, 325, 14),
    Condition::new(On::Class, 339, 13),
    Condition::new(On::Class, 352, 2),
    Condition::new(On::Class, 354, 1),
    Condition::new(On::Class, 355, 3),
    Condition::new(On::Class, 358, 9),
    Condition::new(On::Class, 367, 11),
    Condition::new(On::Class, 378, 5),
    Condition::new(On::Class, 244, 4),
    Condition::new(On::Phase, 181, 1),
    Condition::new(On::Class, 383, 1),
    Condition::new(On::Class, 384, 24),
    Condition::new(On::Phase, 182, 1),
    Condition::new(On::Phase, 183, 1),
    Condition::new(On::Phase, 181, 1),
    Condition::new(On::Class, 268, 46),
    Condition::new(On::Class, 408, 2),
    Condition::new(On::Phrase, 501, 2),
    Condition::new(On::Phase, 181, 1),
    Condition::new(On::Class, 410, 14),
    Condition::new(On::Class, 424, 1),
    Condition::new(On::Class, 268, 46),
    Condition::new(On::Class, 410, 14),
    Condition::new(On::Class, 223, 1),
    Condition::new(On::Phrase, 503, 1),
    Condition::new(On::Class, 425, 7),
    Condition::new(On::Class, 219, 25),
    Condition::new(On::Phrase, 504, 1),
    Condition::new(On::Phrase, 505, 1),
];

/// Classes that count only as the exception's own.
pub(super) const OWN_CLASSES: Run = Run::new(196, 23);
/// All other classes.
pub(super) const CLASSES: Run = Run::new(219, 213);
/// The list @WRAPPERS.
pub(super) const WRAPPERS: Run = Run::new(219, 25);
/// The list @CONNECTING.
pub(super) const CONNECTING: Run = Run::new(244, 4);
/// The list @CERTIFICATES.
pub(super) const CERTIFICATES: Run = Run::new(248, 20);
/// The list @LOST.
pub(super) const LOST: Run = Run::new(268, 46);
/// What a `TypeError` of `fetch` says.
pub(super) const FETCH_SAYS: Run = Run::new(184, 12);
/// All phrases.
pub(super) const PHRASES: Run = Run::new(432, 74);

/// The phrases by the alphabet, each by its place among them, whatever the case of their letters.
pub(super) static SORTED: [u16; 74] = [
    26, 45, 30, 59, 6, 42, 61, 73, 4, 5, 7, 19, 13, 27, 32, 50, 35, 49, 29, 66, 10, 25, 18, 12,
    15, 71, 1, 31, 41, 39, 54, 21, 58, 20, 14, 65, 47, 62, 63, 68, 67, 2, 23, 22, 11, 57, 17, 43,
    16, 53, 56, 0, 37, 8, 9, 44, 24, 3, 69, 72, 28, 51, 70, 40, 52, 55, 48, 38, 34, 60, 64, 46,
    33, 36,
];

/// Every word on a line of its own; the first is empty.
pub(super) static WORDS: &str = r##"
content_filter
ResponsibleAIPolicyViolation
content_policy_violation
moderation_blocked
image_content_policy_violation
misalignment_policy_violation
bio_policy
refusal
DataInspectionFailed
data_inspection_failed
blockReason
block_reason
403
flagged_input
400
429
1301
context_length_exceeded
exceed_context_size_error
model_max_prompt_tokens_exceeded
tokens_limit_reached
model_context_window_exceeded
401
402
404
429
413
429
1261
provider_name
401
402
403
retry-after: *
insufficient_quota
billing_hard_limit_reached
billing_not_active
credit_balance_exhausted
*spend_limit_*
organization_usage_limit_exceeded
billing_error
linked_organization_billing_unavailable
*PerDay*
QUOTA_EXHAUSTED
ServiceQuotaExceededException
exceeded_current_quota_error
Arrearage
AllocationQuota.FreeTierOnly
PrepaidBillOverdue
PostpaidBillOverdue
CommodityNotPurchased
budget_exceeded
400
402
403
412
429
1113
1304
1308
1309
1310
model_not_found
DeploymentNotFound
ModelNotFound
invalid_model
unknown_model
model_decommissioned
*_model_access_denied
400
403
400
404
429
1211
1221
1222
1311
slow_down
overloaded_error
server_is_overloaded
slow_down
service_unavailable_error
MODEL_CAPACITY_EXHAUSTED
ServiceUnavailableException
ModelNotReadyException
provider_overloaded
provider_unavailable
service_tier_capacity_exceeded
capacity_exceeded
engine_overloaded_error
unavailable_error
400
401
403
404
429
5xx
1305
1312
rate_limit_error
rate_limit_exceeded
rate_limited
rate_limit_reached_error
RateLimitReached
Throttling*
TooManyRequestsException
limit_requests
limit_burst_rate
invalid_api_key
API_KEY_INVALID
InvalidApiKey
ExpiredToken*
UnrecognizedClientException
InvalidSignatureException
InvalidClientTokenId
IncompleteSignature
AccessDeniedException
NotAuthorized
organization_restricted
token_not_found_in_db
expired_key
1110
1111
1112
1121
tool_use_failed
json_validate_failed
500
501
invalid_request_error
not_supported_error
BadRequestError
ValidationException
INVALID_ARGUMENT
InvalidParameter*
server_error
internal_server_error
internal_error
api_error
404
410
408
409
499
424
425
503
529
4xx
authentication_error
permission_error
UNAUTHENTICATED
PERMISSION_DENIED
not_found_error
NOT_FOUND
ResourceNotFoundException
RESOURCE_EXHAUSTED
UNAVAILABLE
api_error
timeout_error
server_error
internal_server_error
internal_error
InternalServerException
ModelErrorException
ModelStreamErrorException
ModelTimeoutException
INTERNAL
ABORTED
DATA_LOSS
DEADLINE_EXCEEDED
invalid_request_error
request_too_large
invalid_prompt
ValidationException
INVALID_ARGUMENT
FAILED_PRECONDITION
OUT_OF_RANGE
UNIMPLEMENTED
idle
pool
connect
fetch failed
terminated
Failed to fetch
network error
NetworkError when attempting to fetch resource.
Error in input stream
Error in body stream
Load failed
The network connection was lost.
The Internet connection appears to be offline.
Network request failed
Network connection lost.
CancelledError
Cancelled
KeyboardInterrupt
SystemExit
GeneratorExit
AbortError
ABORT_ERR
APIUserAbortError
CanceledError
ERR_CANCELED
UND_ERR_ABORTED
RequestAbortedError
SyntaxError
TypeError
AttributeError
NameError
AssertionError
NotImplementedError
ImportError
SyntaxError
RecursionError
ReferenceError
RangeError
APIConnectionError
APITimeoutError
TransportError
ProxyError
ConnectionError
MaxRetryError
SSLError
URLError
ClientConnectionError
ClientOSError
ServerConnectionError
TypeError of fetch
AbortError
APIUserAbortError
ABORT_ERR
ERR_NETWORK
ERR_BAD_RESPONSE
ERR_HTTP2_STREAM_CANCEL
AI_APICallError
APICallError
AI_RetryError
RetryError
HTTPClientError
ProtocolError
Timeout
ConnectError
ClientConnectorError
ClientConnectorSSLError
ClientProxyConnectionError
SSLCertVerificationError
CertificateError
ClientConnectorCertificateError
ServerFingerprintMismatch
ERR_TLS_CERT_ALTNAME_INVALID
DEPTH_ZERO_SELF_SIGNED_CERT
SELF_SIGNED_CERT_IN_CHAIN
UNABLE_TO_VERIFY_LEAF_SIGNATURE
UNABLE_TO_GET_ISSUER_CERT
UNABLE_TO_GET_ISSUER_CERT_LOCALLY
CERT_HAS_EXPIRED
CERT_NOT_YET_VALID
CERT_REVOKED
CERT_UNTRUSTED
CERT_REJECTED
CERT_SIGNATURE_FAILURE
CERT_CHAIN_TOO_LONG
INVALID_CA
INVALID_PURPOSE
HOSTNAME_MISMATCH
ConnectionResetError
ConnectionAbortedError
BrokenPipeError
SSLEOFError
SSLZeroReturnError
IncompleteRead
IncompleteReadError
BadStatusLine
ProtocolError
RemoteProtocolError
ReadError
WriteError
CloseError
ServerDisconnectedError
ClientPayloadError
ChunkedEncodingError
BrokenResourceError
EndOfStream
WebSocketConnectionClosedError
ECONNRESET
ECONNABORTED
EPIPE
EPROTO
ETIMEDOUT
EHOSTUNREACH
ENETUNREACH
ENETDOWN
ERR_STREAM_PREMATURE_CLOSE
UND_ERR_SOCKET
UND_ERR_DESTROYED
HTTPParserError
HPE_INVALID_CONSTANT
ConnectionClosedError
ResponseStreamingError
NoResponseError
ERR_HTTP2_ERROR
ERR_HTTP2_STREAM_ERROR
ERR_HTTP2_SESSION_ERROR
ERR_HTTP2_GOAWAY_SESSION
ERR_HTTP2_INVALID_SESSION
ERR_HTTP2_INVALID_STREAM
NghttpError
UND_ERR_RES_CONTENT_LENGTH_MISMATCH
HPE_INVALID_EOF_STATE
HPE_INVALID_CHUNK_SIZE
HPE_INVALID_HEADER_TOKEN
CallTimeout
TransientError
PermanentError
Exhausted
BreakerOpen
StepLimitExceeded
ApprovalDenied
ContentFilterFinishReasonError
ContentPolicyViolationError
ContextWindowExceededError
LengthFinishReasonError
UnsupportedProtocol
LocalProtocolError
InvalidURL
MissingSchema
InvalidSchema
InvalidHeader
LocationValueError
ParamValidationError
NoRegionError
AI_InvalidArgumentError
AI_InvalidPromptError
AI_UnsupportedFunctionalityError
AI_UnsupportedModelVersionError
AI_TooManyEmbeddingValuesForCallError
CredentialsError
SubjectTokenProviderError
NoCredentialsError
PartialCredentialsError
CredentialRetrievalError
NoAuthTokenError
TokenRetrievalError
UnauthorizedSSOTokenError
SSOTokenLoadError
DefaultCredentialsError
RefreshError
CredentialsProviderError
AI_LoadAPIKeyError
AI_NoSuchModelError
AI_NoSuchProviderError
DeadlineExceeded
PoolTimeout
EmptyPoolError
ClosedPoolError
gaierror
herror
NameResolutionError
ClientConnectorDNSError
ENOTFOUND
EAI_AGAIN
EAI_FAIL
EAI_NODATA
EAI_NONAME
ConnectionRefusedError
NewConnectionError
ECONNREFUSED
connect EHOSTUNREACH
connect ENETUNREACH
connect ENETDOWN
connect ECONNRESET
connect EADDRNOTAVAIL
EndpointConnectionError
UND_ERR_CLOSED
UND_ERR_PRX_TLS
ConnectTimeout
ConnectTimeoutError
ConnectionTimeoutError
UND_ERR_CONNECT_TIMEOUT
connect ETIMEDOUT
AI_InvalidResponseDataError
JSONDecodeError
APIResponseValidationError
DecodingError
SSEError
ContentDecodingError
DecodeError
ContentTypeError
ResponseParserError
UnknownApiResponseError
ResponseValidationError
AI_JSONParseError
AI_TypeValidationError
AI_EmptyResponseBodyError
AI_InvalidResponseDataError
AI_NoContentGeneratedError
AI_NoOutputGeneratedError
AI_NoObjectGeneratedError
AI_InvalidStreamPartError
AI_NoSuchToolError
AI_InvalidToolInputError
ChecksumMismatch
ParserError
InvalidHeadersLength
InvalidPayloadLength
axios ECONNABORTED
ERR_BAD_RESPONSE
ReadTimeout
ReadTimeoutError
SocketTimeoutError
ServerTimeoutError
TimeoutException
Timeout
TimeoutError
APITimeoutError
APIConnectionTimeoutError
UND_ERR_HEADERS_TIMEOUT
UND_ERR_BODY_TIMEOUT
axios ECONNABORTED
axios ETIMEDOUT
TooSlowError
WriteTimeout
AbortError
ABORT_ERR
APIUserAbortError
CanceledError
ERR_CANCELED
UND_ERR_ABORTED
RequestAbortedError
output blocked by content filtering policy
flagged as potentially violating our usage policy
limited access to this content for safety reasons
rejected as a result of our safety system
Content Exists Risk
Content violates usage guidelines
blocked by our content filters
ContentPolicyViolationError
prompt is too long
prompt too long; exceeded
exceed context limit
maximum context length
exceeds the context window
context window exceeds limit
Input is too long for requested model
exceeds the maximum number of tokens allowed
model only supports up to
maximum prompt length is
exceeds the available context size
Context size has been exceeded
input is too large to process
greater than the context length
longer than the model's context length
longer than the maximum model length
Range of input length should be
exceeded model token limit
`inputs` tokens + `max_new_tokens` must be
ContextWindowExceededError
Request too large for
error-code#token-limit
Allocated quota exceeded
Free allocated quota exceeded
credit balance is too low
You have reached your specified
used all available credits or reached its monthly spending limit
doesn't have any credits or licenses yet
You have run out of credits
prepayment credits are depleted
too many tokens per day
free-models-per-day
suspended, possibly due to reaching
Free allocated quota exceeded
Budget has been exceeded
Model Not Exist
provided model identifier is invalid
access to the model with the specified model ID
with on-demand throughput isn
is not a valid model ID
The model is overloaded
engine is currently overloaded
currently experiencing high demand
Service tier capacity exceeded
temporarily out of capacity
No capacity available for model
generative-ai/docs/error-code-429
temporarily rate-limited upstream
No deployments available for selected model
maximum pending requests exceeded
Incorrect API key provided
API key not valid
User location is not supported
CERTIFICATE_VERIFY_FAILED
JSON at position
JSON input
valid JSON
invalid JSON
event JSON
JSON.parse: 
JSON Parse error
Request aborted
stream has been aborted
Failed to connect to Ollama
Request timed out.
Connection error.
said_timed_out
said_transient
said_permanent
said_already
cancelled
content
content_blocked_prompt
content_moderated
content_by_phrase
content_by_class
content_zhipu
context
context_by_phrase
context_larger_than_a_minute
context_by_class
context_zhipu
upstream_limit
upstream_account
tokens_of_a_minute
payment_with_a_time
quota
quota_by_phrase
quota_zhipu
model
model_by_phrase
model_zhipu
slow_down_429
overloaded
overloaded_by_phrase
overloaded_zhipu
rate_limit
auth_by_word
auth_by_phrase
auth_zhipu
unusable_answer
refused_behind_5xx
payment_402
auth_401_403
not_found_404_410
server_408_409_499
server_424_425
rate_limit_429
overloaded_503_529
server_5xx
refused_4xx
auth_by_type
not_found_by_type
rate_limit_by_type
overloaded_by_type
server_by_type
refused_by_type
certificate
certificate_by_phrase
malformed_json
bug
unsendable
credentials
no_such_model
deadline
pool
dns
refused
connect_timeout
connecting
cut_after_progress
malformed
pool_by_phase
connect_by_phase
broken_after_progress
axios_lost
stalled_after_progress
write_timeout
lost
read_timeout
refused_by_phrase
aborted
wrapped
timeout_by_phrase
connection_by_phrase
"##;
