// What the page asks the server: a form out, what happens and the answer back.

const STREAM = "application/vnd.unveil.stream";

const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? sessionStorage.getItem("token");
if (token) {
  sessionStorage.setItem("token", token);
  history.replaceState(null, "", location.pathname);
}

/** Ask an endpoint; return its answer, whose files are blobs.
 *
 * name: of the endpoint. file: a File. fields: pairs of names and texts.
 * tell: called with what happens. signal: of an AbortController, to take the request back.
 */
export async function ask(name, file, fields, tell, signal) {
  const form = new FormData();
  form.append("file", file, file.name);
  for (const [field, text] of fields) form.append(field, text);
  const headers = { Accept: STREAM };
  if (token) headers.Authorization = `Bearer ${token}`;
  let response;
  try {
    response = await fetch(`/api/${name}`, { method: "POST", body: form, headers, signal });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Error("The server does not answer. Is unveil still running?");
  }
  if (!response.ok) throw new Error((await response.text()).trim());
  return received(new Bytes(response.body.getReader()), tell);
}

let known = null;

/** Return the limits of the server, asked for once: max_mb, max_pixels, max_video_seconds. */
export function limits() {
  known ??= fetch("/openapi.json").then((answer) => answer.json()).then((told) => told["x-limits"]);
  known.catch(() => { known = null; });
  return known;
}

async function received(bytes, tell) {
  for (;;) {
    const line = JSON.parse(await bytes.line());
    if (line.error) throw new Error(line.error);
    if (line.progress) tell(line.progress);
    if (!line.answer) continue;
    for (const file of line.answer.files) {
      file.blob = new Blob([await bytes.take(file.bytes)], { type: file.type });
    }
    return line.answer;
  }
}

/** Bytes that arrive, taken by lines and by numbers. */
class Bytes {
  constructor(reader) {
    this.reader = reader;
    this.held = new Uint8Array();
  }

  async more() {
    const { value, done } = await this.reader.read();
    if (done) throw new Error("The answer broke off. Is unveil still running?");
    return value;
  }

  async line() {
    let end;
    while ((end = this.held.indexOf(10)) < 0) this.held = joined([this.held, await this.more()]);
    const text = new TextDecoder().decode(this.held.subarray(0, end));
    this.held = this.held.subarray(end + 1);
    return text;
  }

  async take(count) {
    const parts = [this.held];
    let size = this.held.length;
    while (size < count) {
      parts.push(await this.more());
      size += parts.at(-1).length;
    }
    const all = parts.length > 1 ? joined(parts) : this.held;
    this.held = all.subarray(count);
    return all.subarray(0, count);
  }
}

function joined(parts) {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
