// Elements, made in one line each.

/** Return an element. name: as in "p.soft". attributes: on... are listeners, others as they are. */
export function h(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const made = document.createElement(tag);
  if (classes.length) made.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key.startsWith("aria-") && value != null) made.setAttribute(key, value); // "true" and "false" are words there
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...children.flat().filter((child) => child != null && child !== false));
  return made;
}

/** Return a button. */
export const button = (words, pressed, attributes = {}) =>
  h("button", { type: "button", onclick: pressed, ...attributes }, words);

/** Return a checkbox or a radio button with its words. */
export function switched(type, words, attributes, changed) {
  return h("label.row", {}, h("input", { type, onchange: changed, ...attributes }), words);
}
