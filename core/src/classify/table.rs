//! Written from `rules.json` by `cargo xtask rules`: do not edit.

use super::rules::{Condition, On, Rule, Run};
use crate::policy::failure::{FailureKind as K, Phase as P};

/// How many words there are.
pub(super) const COUNT: usize = 604;

/// What is known about each, in order.
pub(super) static RULES: [Rule; 80] = [
    Rule::new(524, K::TimedOut, 0, 1, 0, [0, 0]), // said_timed_out
    Rule::new(525, K::ServerError, 1, 1, 0, [0, 0]), // said_transient
    Rule::new(526, K::InvalidRequest, 2, 1, 0, [0, 0]), // said_permanent
    Rule::new(527, K::Unknown, 3, 1, 0, [0, 0]), // said_already
    Rule::new(528, K::Cancelled, 4, 1, 0, [0, 0]).own(), // cancelled
    Rule::new(529, K::ContentRefused, 5, 1, 0, [0, 0]), // content
    Rule::new(530, K::ContentRefused, 6, 1, 0, [0, 0]), // content_blocked_prompt
    Rule::new(531, K::ContentRefused, 7, 2, 0, [0, 0]), // content_moderated
    Rule::new(532, K::ContentRefused, 9, 1, 0, [0, 0]), // content_by_phrase
    Rule::new(533, K::ContentRefused, 10, 1, 0, [0, 0]), // content_by_class
    Rule::new(534, K::ContentRefused, 11, 2, 0, [0, 0]), // content_zhipu
    Rule::new(535, K::ContextOverflow, 13, 1, 0, [0, 0]), // context
    Rule::new(536, K::ContextOverflow, 14, 1, 1, [0, 0]), // context_by_phrase
    Rule::new(537, K::ContextOverflow, 16, 2, 0, [0, 0]), // context_larger_than_a_minute
    Rule::new(538, K::ContextOverflow, 18, 1, 0, [0, 0]), // context_by_class
    Rule::new(539, K::ContextOverflow, 19, 2, 0, [0, 0]), // context_zhipu
    Rule::new(540, K::Overloaded, 21, 2, 0, [0, 0]), // upstream_limit
    Rule::new(541, K::ServerError, 23, 2, 0, [0, 0]), // upstream_account
    Rule::new(542, K::RateLimited, 25, 2, 1, [0, 0]), // tokens_of_a_minute
    Rule::new(543, K::RateLimited, 28, 2, 0, [0, 0]), // payment_with_a_time
    Rule::new(544, K::QuotaExhausted, 30, 1, 0, [0, 0]), // quota
    Rule::new(545, K::QuotaExhausted, 31, 2, 0, [0, 0]), // quota_by_phrase
    Rule::new(546, K::QuotaExhausted, 33, 2, 0, [0, 0]), // quota_zhipu
    Rule::new(547, K::NotFound, 35, 1, 0, [0, 0]), // model
    Rule::new(548, K::NotFound, 36, 2, 0, [0, 0]), // model_by_phrase
    Rule::new(549, K::NotFound, 38, 2, 0, [0, 0]), // model_zhipu
    Rule::new(550, K::RateLimited, 40, 2, 0, [0, 0]), // slow_down_429
    Rule::new(551, K::Overloaded, 42, 1, 0, [0, 0]), // overloaded
    Rule::new(552, K::Overloaded, 43, 1, 1, [0, 0]), // overloaded_by_phrase
    Rule::new(553, K::Overloaded, 45, 2, 0, [0, 0]), // overloaded_zhipu
    Rule::new(554, K::RateLimited, 47, 1, 0, [0, 0]), // rate_limit
    Rule::new(555, K::Auth, 48, 1, 0, [0, 0]), // auth_by_word
    Rule::new(556, K::Auth, 49, 2, 0, [0, 0]), // auth_by_phrase
    Rule::new(557, K::Auth, 51, 2, 0, [0, 0]), // auth_zhipu
    Rule::new(558, K::Malformed, 53, 1, 0, [0, 0]), // unusable_answer
    Rule::new(559, K::InvalidRequest, 54, 2, 1, [0, 0]), // refused_behind_5xx
    Rule::new(560, K::QuotaExhausted, 57, 1, 0, [0, 0]), // payment_402
    Rule::new(561, K::Unknown, 58, 2, 0, [0, 0]), // blocked_on_the_way
    Rule::new(562, K::Auth, 60, 1, 0, [0, 0]), // auth_401_403
    Rule::new(563, K::NotFound, 61, 1, 0, [0, 0]), // not_found_404_410
    Rule::new(564, K::ServerError, 62, 1, 0, [0, 0]), // server_408_409_499
    Rule::new(565, K::ServerError, 63, 1, 0, [0, 0]), // server_424_425
    Rule::new(566, K::RateLimited, 64, 1, 0, [0, 0]), // rate_limit_429
    Rule::new(567, K::Overloaded, 65, 1, 0, [0, 0]), // overloaded_503_529
    Rule::new(568, K::ServerError, 66, 1, 0, [0, 0]), // server_5xx
    Rule::new(569, K::InvalidRequest, 67, 1, 0, [0, 0]), // refused_4xx
    Rule::new(570, K::Auth, 68, 1, 0, [0, 0]), // auth_by_type
    Rule::new(571, K::NotFound, 69, 1, 0, [0, 0]), // not_found_by_type
    Rule::new(572, K::RateLimited, 70, 1, 0, [0, 0]), // rate_limit_by_type
    Rule::new(573, K::Overloaded, 71, 1, 0, [0, 0]), // overloaded_by_type
    Rule::new(574, K::ServerError, 72, 1, 0, [0, 0]), // server_by_type
    Rule::new(575, K::InvalidRequest, 73, 1, 0, [0, 0]), // refused_by_type
    Rule::new(576, K::Certificate, 74, 1, 0, [0, 0]).at(P::Connect).unsent(), // certificate
    Rule::new(577, K::Certificate, 75, 2, 0, [0, 0]).at(P::Connect).unsent(), // certificate_by_phrase
    Rule::new(578, K::Malformed, 77, 2, 0, [0, 0]).own(), // malformed_json
    Rule::new(579, K::Bug, 79, 1, 0, [0, 0]).own(), // bug
    Rule::new(580, K::InvalidRequest, 80, 1, 0, [0, 0]), // unsendable
    Rule::new(581, K::Auth, 81, 1, 0, [0, 0]), // credentials
    Rule::new(582, K::NotFound, 82, 1, 0, [0, 0]), // no_such_model
    Rule::new(583, K::Unknown, 83, 1, 0, [0, 0]), // deadline
    Rule::new(584, K::Connect, 84, 1, 0, [0, 0]).at(P::Pool).unsent(), // pool
    Rule::new(585, K::Connect, 85, 1, 0, [0, 0]).at(P::Connect).unsent(), // dns
    Rule::new(586, K::Connect, 86, 1, 0, [0, 0]).at(P::Connect).unsent(), // refused
    Rule::new(587, K::Connect, 87, 1, 0, [0, 0]).at(P::Connect).unsent(), // connect_timeout
    Rule::new(588, K::Connect, 88, 1, 0, [0, 0]).at(P::Connect).unsent(), // connecting
    Rule::new(589, K::StreamBroken, 89, 2, 0, [0, 0]), // cut_after_progress
    Rule::new(590, K::Malformed, 91, 1, 0, [0, 0]), // malformed
    Rule::new(591, K::Connect, 92, 1, 0, [0, 0]).at(P::Pool).unsent(), // pool_by_phase
    Rule::new(592, K::Connect, 93, 1, 0, [0, 0]).at(P::Connect).unsent(), // connect_by_phase
    Rule::new(593, K::StreamBroken, 94, 2, 0, [0, 0]), // broken_after_progress
    Rule::new(594, K::Connect, 96, 2, 0, [0, 0]), // axios_lost
    Rule::new(595, K::StreamBroken, 98, 2, 0, [0, 0]), // stalled_after_progress
    Rule::new(596, K::Connect, 100, 1, 0, [0, 0]).at(P::Send), // write_timeout
    Rule::new(597, K::Connect, 101, 1, 0, [0, 0]), // lost
    Rule::new(598, K::ReadTimeout, 102, 1, 0, [0, 0]), // read_timeout
    Rule::new(599, K::Connect, 103, 2, 0, [0, 0]).at(P::Connect).unsent(), // refused_by_phrase
    Rule::new(600, K::Unknown, 105, 1, 0, [0, 0]), // aborted
    Rule::new(601, K::Connect, 106, 1, 0, [0, 0]), // wrapped
    Rule::new(602, K::ReadTimeout, 107, 1, 0, [0, 0]), // timeout_by_phrase
    Rule::new(603, K::Connect, 108, 1, 0, [0, 0]), // connection_by_phrase
];

/// What is asked, rule by rule.
pub(super) static CONDITIONS: [Condition; 109] = [
    Condition::new(On::Class, 322, 1),
    Condition::new(On::Class, 323, 1),
    Condition::new(On::Class, 324, 1),
    Condition::new(On::Class, 325, 4),
    Condition::new(On::Class, 204, 12),
    Condition::new(On::Code, 1, 10),
    Condition::new(On::Field, 11, 2),
    Condition::new(On::Status, 13, 1),
    Condition::new(On::Field, 14, 1),
    Condition::new(On::Phrase, 440, 9),
    Condition::new(On::Class, 329, 2),
    Condition::new(On::Status, 15, 2),
    Condition::new(On::Code, 17, 1),
    Condition::new(On::Code, 18, 5),
    Condition::new(On::Phrase, 449, 23),
    Condition::new(On::Status, 23, 4),
    Condition::new(On::Status, 27, 2),
    Condition::new(On::Phrase, 472, 1),
    Condition::new(On::Class, 331, 2),
    Condition::new(On::Status, 15, 1),
    Condition::new(On::Code, 29, 1),
    Condition::new(On::Status, 16, 1),
    Condition::new(On::Field, 30, 1),
    Condition::new(On::Status, 31, 3),
    Condition::new(On::Field, 30, 1),
    Condition::new(On::Status, 16, 1),
    Condition::new(On::Phrase, 473, 2),
    Condition::new(On::Phrase, 475, 1),
    Condition::new(On::Status, 24, 1),
    Condition::new(On::Header, 34, 1),
    Condition::new(On::Code, 35, 20),
    Condition::new(On::Status, 55, 5),
    Condition::new(On::Phrase, 476, 14),
    Condition::new(On::Status, 16, 1),
    Condition::new(On::Code, 60, 5),
    Condition::new(On::Code, 65, 12),
    Condition::new(On::Status, 77, 2),
    Condition::new(On::Phrase, 490, 5),
    Condition::new(On::Status, 79, 3),
    Condition::new(On::Code, 82, 4),
    Condition::new(On::Status, 16, 1),
    Condition::new(On::Code, 86, 1),
    Condition::new(On::Code, 87, 13),
    Condition::new(On::Phrase, 495, 11),
    Condition::new(On::Status, 100, 4),
    Condition::new(On::Status, 104, 2),
    Condition::new(On::Code, 106, 2),
    Condition::new(On::Code, 108, 9),
    Condition::new(On::Code, 117, 13),
    Condition::new(On::Status, 15, 1),
    Condition::new(On::Phrase, 506, 5),
    Condition::new(On::Status, 16, 1),
    Condition::new(On::Code, 130, 4),
    Condition::new(On::Code, 134, 2),
    Condition::new(On::Status, 136, 2),
    Condition::new(On::Code, 138, 6),
    Condition::new(On::Code, 144, 4),
    Condition::new(On::Status, 24, 1),
    Condition::new(On::Status, 13, 1),
    Condition::new(On::Header, 148, 1),
    Condition::new(On::Status, 101, 2),
    Condition::new(On::Status, 149, 2),
    Condition::new(On::Status, 151, 3),
    Condition::new(On::Status, 154, 2),
    Condition::new(On::Status, 16, 1),
    Condition::new(On::Status, 156, 2),
    Condition::new(On::Status, 105, 1),
    Condition::new(On::Status, 158, 1),
    Condition::new(On::Code, 159, 4),
    Condition::new(On::Code, 163, 3),
    Condition::new(On::Code, 166, 1),
    Condition::new(On::Code, 167, 1),
    Condition::new(On::Code, 168, 13),
    Condition::new(On::Code, 181, 8),
    Condition::new(On::Class, 256, 20),
    Condition::new(On::Class, 252, 4),
    Condition::new(On::Phrase, 511, 1),
    Condition::new(On::Class, 216, 1),
    Condition::new(On::Phrase, 512, 7),
    Condition::new(On::Class, 217, 10),
    Condition::new(On::Class, 333, 14),
    Condition::new(On::Class, 347, 13),
    Condition::new(On::Class, 360, 2),
    Condition::new(On::Class, 362, 1),
    Condition::new(On::Class, 363, 3),
    Condition::new(On::Class, 366, 9),
    Condition::new(On::Class, 375, 11),
    Condition::new(On::Class, 386, 5),
    Condition::new(On::Class, 252, 4),
    Condition::new(On::Phase, 189, 1),
    Condition::new(On::Class, 391, 1),
    Condition::new(On::Class, 392, 24),
    Condition::new(On::Phase, 190, 1),
    Condition::new(On::Phase, 191, 1),
    Condition::new(On::Phase, 189, 1),
    Condition::new(On::Class, 276, 46),
    Condition::new(On::Class, 416, 2),
    Condition::new(On::Phrase, 519, 2),
    Condition::new(On::Phase, 189, 1),
    Condition::new(On::Class, 418, 14),
    Condition::new(On::Class, 432, 1),
    Condition::new(On::Class, 276, 46),
    Condition::new(On::Class, 418, 14),
    Condition::new(On::Class, 231, 1),
    Condition::new(On::Phrase, 521, 1),
    Condition::new(On::Class, 433, 7),
    Condition::new(On::Class, 227, 25),
    Condition::new(On::Phrase, 522, 1),
    Condition::new(On::Phrase, 523, 1),
];

/// Classes that count only as the exception's own.
pub(super) const OWN_CLASSES: Run = Run::new(204, 23);
/// All other classes.
pub(super) const CLASSES: Run = Run::new(227, 213);
/// The list @WRAPPERS.
pub(super) const WRAPPERS: Run = Run::new(227, 25);
/// The list @CONNECTING.
pub(super) const CONNECTING: Run = Run::new(252, 4);
/// The list @CERTIFICATES.
pub(super) const CERTIFICATES: Run = Run::new(256, 20);
/// The list @LOST.
pub(super) const LOST: Run = Run::new(276, 46);
/// What a `TypeError` of `fetch` says.
pub(super) const FETCH_SAYS: Run = Run::new(192, 12);
/// All phrases.
pub(super) const PHRASES: Run = Run::new(440, 84);

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
BILLING_DISABLED
blocked_api_access
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
model_terms_required
model_permission_blocked_*
Model.AccessDenied
model_not_available*
model_not_supported
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
content-type: text/html*
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
response was filtered due to the prompt triggering
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
exceeds the context length
loaded with context length of only
Too many input tokens. Max input tokens
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
free tier is not available in your country
Out of call volume quota
Key limit exceeded
Model Not Exist
provided model identifier is invalid
access to the model with the specified model ID
with on-demand throughput isn
is not a valid model ID
model is overloaded
model is currently overloaded
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
API key expired
User location is not supported
organization has been disabled
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
blocked_on_the_way
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
