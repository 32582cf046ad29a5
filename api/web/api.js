// SPDX-License-Identifier: Apache-2.0
// One way to ask: every answer with its problem, every question as an address that curl can ask too.
import { token } from "./session.js";

export class Problem extends Error {
  constructor(status, body) {
    super(body?.detail ?? `HTTP ${status}`);
    this.status = status;
    this.parameter = body?.parameter;
    this.id = body?.request_id;
  }
}

export function address(path, parameters) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters ?? {}))
    if (value !== undefined && value !== null && value !== "") query.set(name, value);
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

async function fetchIt(path, parameters, accept, signal) {
  try {
    return await fetch(address(path, parameters), {
      headers: { Authorization: `Bearer ${token() ?? ""}`, Accept: accept }, signal, cache: "no-cache", credentials: "omit",
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { detail: error.message });
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch { // a proxy may answer in HTML
    return null;
  }
}

export async function ask(path, parameters, signal) {
  const reply = await fetchIt(path, parameters, "application/json", signal), body = parsed(await reply.text());
  if (!reply.ok || body === null) throw new Problem(reply.status, body);
  return body;
}

// A file of the server, whatever it holds.
export async function load(path, parameters, signal) {
  const reply = await fetchIt(path, parameters, "*/*", signal);
  if (!reply.ok) throw new Problem(reply.status, parsed(await reply.text()));
  return reply.blob();
}

// null where the token may not look, or this server does not have the path.
export async function askIfAllowed(path, parameters, signal) {
  try {
    return await ask(path, parameters, signal);
  } catch (problem) {
    if (problem instanceof Problem && (problem.status === 403 || problem.status === 404)) return null;
    throw problem;
  }
}

// What the clipboard gets: the token stays a variable.
export function asCurl(path, parameters) {
  return `curl -H "Authorization: Bearer $TOKEN" '${location.origin}${address(path, parameters)}'`;
}
