// HTTP requests to the service; docs/ describes its API.

/** The name of the reject class; responses have the label null for it. */
export const REJECT_CLASS = "no digit";

/** An error response: its stable code, its HTTP status and a message of one line. */
export class ServiceError extends Error {
  constructor(code, message, status) {
    super(message);
    Object.assign(this, { code, status });
  }
}

const UNREACHABLE = "The service does not respond. Is it still running?";
const TOKEN = "This page needs its token: open the address that the service printed when it started.";

async function errorOf(response) {
  let error = {};
  try {
    error = (await response.json()).error ?? {};
  } catch { /* the response comes from a proxy, in another format */ }
  const message = response.status === 401 ? TOKEN : error.message ?? `The service responded with status ${response.status}.`;
  return new ServiceError(error.code ?? "unknown", message, response.status);
}

/** Send a request; returns the JSON of the response, or null for an empty response. */
export async function request(method, path, body, { type = body?.type, signal, headers = {} } = {}) {
  if (type) headers["Content-Type"] = type;
  let response;
  try {
    response = await fetch(path, { method, body, headers, signal, credentials: "same-origin" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServiceError("unreachable", UNREACHABLE, 0);
  }
  if (!response.ok && response.status !== 304) throw await errorOf(response);
  const empty = response.status === 204 || response.status === 304;
  return empty ? null : Object.assign(await response.json(), { etag: response.headers.get("etag") });
}

export const get = (path, options) => request("GET", path, undefined, options);
export const post = (path, value, options) =>
  value instanceof Blob
    ? request("POST", path, value, options)
    : request("POST", path, value && JSON.stringify(value), { type: value && "application/json", ...options });
export const put = (path, value) => request("PUT", path, JSON.stringify(value), { type: "application/json" });
export const remove = (path) => request("DELETE", path);

/** Decode a PNG from base64. */
export function png(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: "image/png" });
}
