// SPDX-License-Identifier: Apache-2.0
// Elements are made from data here and nowhere else: text is set as text, never as markup (F148).

const SVG = "http://www.w3.org/2000/svg";

function put(node, name, value) {
  if (value === undefined || value === null || value === false) return;
  if (name === "class") node.setAttribute("class", value);
  else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
  else if (name === "value" || name === "checked" || name === "htmlFor" || name === "disabled") node[name] = value;
  else node.setAttribute(name, value === true ? "" : String(value));
}

function fill(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

export function h(tag, properties, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) put(node, name, value);
  return fill(node, children);
}

export function svg(tag, properties, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(properties ?? {})) put(node, name, value);
  return fill(node, children);
}

export function replace(node, ...children) {
  node.replaceChildren();
  return fill(node, children);
}

// A list whose rows keep their place: only what came, went or changed is touched, so that nothing flickers and
// the focus stays. make: item -> element; an element is made anew where its item is another object.
export function keyed(list, items, keyOf, make) {
  const old = list.keyed ?? new Map(), kept = new Map();
  let place = list.firstChild;
  for (const item of items) {
    const key = keyOf(item), was = old.get(key);
    const node = was?.item === item ? was.node : make(item, !was);
    kept.set(key, { item, node });
    if (was && was.node !== node) was.node.replaceWith(node);
    if (was && place === was.node) place = node;
    if (place === node) place = node.nextSibling;
    else list.insertBefore(node, place);
  }
  for (const [key, { node }] of old) if (!kept.has(key)) node.remove();
  list.keyed = kept;
}

// For those who hear the page instead of seeing it.
export function say(text) {
  const said = document.getElementById("said");
  if (said.textContent !== text) said.textContent = text;
}
