// What failsoft throws, and what you throw to tell it something. `code` is stable. The brand makes `instanceof` and the
// `is*Error` functions true for errors of another copy of the package too: of another bundle, or of another realm.

const BRAND = Symbol.for("failsoft.error");
const CODES = new Map();

/** Gives a class its name, its code, and the codes of the classes that it stands for as well. */
function brand(type, name, code, ...parents) {
  CODES.set(type, code);
  Object.defineProperty(type.prototype, BRAND, { value: Object.freeze([code, ...parents]) });
  Object.defineProperty(type.prototype, "name", { value: name, writable: true, configurable: true });
  Object.defineProperty(type, Symbol.hasInstance, { value: isInstance });
}

function isInstance(value) {
  const code = CODES.get(this);
  // A subclass that a user made has no code of its own: its instances are told by their prototype.
  return code === undefined ? Function.prototype[Symbol.hasInstance].call(this, value) : carries(value, code);
}

function carries(value, code) {
  if (typeof value !== "object" || value === null) {
    return false;
  }
  try {
    const codes = value[BRAND];
    return Array.isArray(codes) && codes.includes(code);
  } catch {
    return false; // a proxy that refuses is no error of ours
  }
}

/** An error with its code. A cause that was not given is not there, rather than undefined: so says the standard. */
function coded(Base) {
  return class extends Base {
    constructor(message, options) {
      super(message, options?.cause === undefined ? undefined : { cause: options.cause });
      this.code = this[BRAND][0];
    }
  };
}

/**
 * The parent of what failsoft itself has to say about a call.
 *
 * `retryIn` is the number of milliseconds until asking again may help; undefined if that is not known.
 */
export class FailsoftError extends coded(Error) {
  constructor(message, options) {
    super(message, options);
    if (options?.retryIn !== undefined) {
      this.retryIn = options.retryIn;
    }
  }
}

/** Throw it from your own code to say: asking again may help. Counted as a `server_error`. */
export class TransientError extends coded(Error) {}

/** Throw it from your own code to say: asking again cannot help. Counted as an `invalid_request`. */
export class PermanentError extends coded(Error) {}

/** The time that the turn was given is over. Not transient: there is no time left to ask again in. */
export class DeadlineExceeded extends coded(Error) {}

/** One attempt was given up on at its limit. Also a `DeadlineExceeded`. Transient: a fresh attempt may be quicker. */
export class CallTimeout extends TransientError {}

/** Everything that the policy allows was tried. The last error is the cause; the message tells the rest. */
export class Exhausted extends FailsoftError {}

/** Nothing was asked, because every breaker refuses or the provider's stated time has not come. See `retryIn`. */
export class BreakerOpen extends FailsoftError {}

/** The turn has taken all the steps that it may take. */
export class StepLimitExceeded extends coded(Error) {}

/** A risky tool may not run. `reason`: denied, expired, withdrawn or no_approver. */
export class ApprovalDenied extends coded(Error) {
  constructor(message, options) {
    super(message, options);
    this.reason = options?.reason ?? "denied";
  }
}

/** An option with a value that is not allowed; the message says which, and what to use. */
export class InvalidOption extends coded(RangeError) {}

brand(FailsoftError, "FailsoftError", "failsoft_error");
brand(TransientError, "TransientError", "transient_error");
brand(PermanentError, "PermanentError", "permanent_error");
brand(DeadlineExceeded, "DeadlineExceeded", "deadline_exceeded");
brand(CallTimeout, "CallTimeout", "call_timeout", "transient_error", "deadline_exceeded");
brand(Exhausted, "Exhausted", "exhausted", "failsoft_error");
brand(BreakerOpen, "BreakerOpen", "breaker_open", "failsoft_error");
brand(StepLimitExceeded, "StepLimitExceeded", "step_limit_exceeded");
brand(ApprovalDenied, "ApprovalDenied", "approval_denied");
brand(InvalidOption, "InvalidOption", "invalid_option");

// As functions, for those who do not trust `instanceof`. They say the same.
export const isFailsoftError = (value) => carries(value, "failsoft_error");
export const isTransientError = (value) => carries(value, "transient_error");
export const isPermanentError = (value) => carries(value, "permanent_error");
export const isDeadlineExceededError = (value) => carries(value, "deadline_exceeded");
export const isCallTimeoutError = (value) => carries(value, "call_timeout");
export const isExhaustedError = (value) => carries(value, "exhausted");
export const isBreakerOpenError = (value) => carries(value, "breaker_open");
export const isStepLimitExceededError = (value) => carries(value, "step_limit_exceeded");
export const isApprovalDeniedError = (value) => carries(value, "approval_denied");
export const isInvalidOptionError = (value) => carries(value, "invalid_option");
