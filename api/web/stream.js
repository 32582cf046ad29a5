// SPDX-License-Identifier: Apache-2.0
// Server-sent events with a token: EventSource has no headers, so the stream is read by hand. It comes back
// by itself and goes on where it was.
import { Problem, address } from "./api.js";
import { token } from "./session.js";

const FIRST_WAIT = 1000, LONGEST_WAIT = 30000;

function parse(block) {
  const event = { name: "message", id: null, data: "" };
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":"), name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "event") event.name = value;
    else if (name === "id") event.id = value;
    else if (name === "data") event.data += (event.data ? "\n" : "") + value;
  }
  return event;
}

async function readAll(reply, each) {
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).replaceAll("\r\n", "\n").split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) each(parse(block));
  }
}

// each(name, data); state("open" | "lost"). Ends with the signal, or when the server says that it may not be.
export async function follow(path, parameters, { each, state, signal }) {
  let last = null, wait = FIRST_WAIT;
  while (!signal.aborted) {
    try {
      const headers = { Authorization: `Bearer ${token() ?? ""}`, Accept: "text/event-stream" };
      if (last !== null) headers["Last-Event-ID"] = last;
      const reply = await fetch(address(path, parameters), { headers, signal, cache: "no-store", credentials: "omit" });
      if ([401, 403, 404].includes(reply.status)) throw new Problem(reply.status, await reply.json().catch(() => null));
      if (reply.ok) {
        state("open");
        await readAll(reply, (event) => {
          if (event.id !== null) last = event.id;
          if (event.data) { wait = FIRST_WAIT; each(event.name, JSON.parse(event.data)); }
        });
      }
    } catch (error) {
      if (error instanceof Problem || error.name === "AbortError") throw error;
    }
    state("lost");
    await new Promise((go) => { setTimeout(go, wait); });
    wait = Math.min(LONGEST_WAIT, wait * 2);
  }
}
