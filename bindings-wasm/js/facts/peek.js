// Looking at things that may be hostile: a getter or a proxy may throw anything, and a classification must not.

/** A property, or undefined. */
export function get(holder, name) {
  try {
    return holder?.[name];
  } catch {
    return undefined;
  }
}

export function parent(value) {
  try {
    return Object.getPrototypeOf(value);
  } catch {
    return undefined;
  }
}

export function isObject(value) {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

export function isArray(value) {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

/** What JSON.parse and object literals make, of any realm: an object of the topmost class, or of none. */
export function isPlain(value) {
  if (typeof value !== "object" || value === null || isArray(value)) {
    return false;
  }
  const proto = parent(value);
  return proto === null || (isObject(proto) && parent(proto) === null);
}
