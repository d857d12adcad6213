// The service, as docs/ tells it.

/** An answer that is an error: its stable code, its status and one line. */
export class Refusal extends Error {
  constructor(code, message, status) {
    super(message);
    Object.assign(this, { code, status });
  }
}

const UNREACHED = "The service does not answer. Is it still running?";
const TOKEN = "This page needs its token: open the address that the service printed when it started.";

async function refusal(response) {
  let error = {};
  try {
    error = (await response.json()).error ?? {};
  } catch { /* whatever stands between has answered, in a form of its own */ }
  const message = response.status === 401 ? TOKEN : error.message ?? `The service answered ${response.status}.`;
  return new Refusal(error.code ?? "unknown", message, response.status);
}

/** Ask the service; the answer is JSON, or nothing where there is none. */
export async function ask(method, path, body, { type = body?.type, signal, headers = {} } = {}) {
  if (type) headers["Content-Type"] = type;
  let response;
  try {
    response = await fetch(path, { method, body, headers, signal, credentials: "same-origin" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal("unreached", UNREACHED, 0);
  }
  if (!response.ok && response.status !== 304) throw await refusal(response);
  const empty = response.status === 204 || response.status === 304;
  return empty ? null : Object.assign(await response.json(), { etag: response.headers.get("etag") });
}

export const get = (path, options) => ask("GET", path, undefined, options);
export const post = (path, value, options) =>
  value instanceof Blob
    ? ask("POST", path, value, options)
    : ask("POST", path, value && JSON.stringify(value), { type: value && "application/json", ...options });
export const remove = (path) => ask("DELETE", path);

/** The bytes of a PNG that came as base64. */
export function png(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: "image/png" });
}
