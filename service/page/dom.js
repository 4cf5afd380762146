// Making and finding elements. Text is only ever set as text: nothing of a file's or a model's
// words becomes markup.

/**
 * The element of that id, which the document has.
 * @template {Element} [T=HTMLElement]
 * @param {string} id
 * @returns {T}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return /** @type {T} */ (/** @type {unknown} */ (found));
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {{ className?: string, text?: string, title?: string, [attribute: string]: string | undefined }} [options]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, { className, text, ...attributes } = {}, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/**
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number>} [attributes]
 * @param {...(Node | string)} children
 * @returns {SVGElementTagNameMap[K]}
 */
export function draw(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

/** @param {string} text @param {() => void} act @param {string} [className] */
export function button(text, act, className = "quiet") {
  const node = make("button", { type: "button", text, className });
  node.addEventListener("click", act);
  return node;
}

/**
 * A labelled bar: a name, parts of the whole in the colours of their classes, a value.
 * @param {string} name
 * @param {[className: string, share: number][]} parts
 * @param {string} value
 */
export function bar(name, parts, value) {
  const track = make("span", { className: parts.length ? "track" : "", "aria-hidden": "true" });
  for (const [className, share] of parts) {
    if (share <= 0) continue;
    const part = make("i", { className });
    part.style.width = `${100 * Math.min(Math.max(share, 0), 1)}%`;
    track.append(part);
  }
  const label = make("span", { className: "name", text: name, title: name });
  return make("div", { className: "bar" }, label, track, make("span", { className: "value", text: value }));
}

/**
 * One stop of the Tab key for many buttons; the arrow keys, Home and End go from one to another.
 * @param {HTMLElement} container
 */
export function rove(container) {
  container.addEventListener("keydown", (event) => {
    const buttons = [...container.querySelectorAll("button")];
    const at = buttons.findIndex((one) => one === document.activeElement);
    const last = buttons.length - 1;
    const targets = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: last };
    const target = targets[/** @type {keyof typeof targets} */ (event.key)];
    if (at < 0 || target === undefined) return;
    event.preventDefault();
    focusOn(container, buttons[Math.min(Math.max(target, 0), last)]);
  });
}

/** @param {HTMLElement} container @param {HTMLElement | undefined} target */
function focusOn(container, target) {
  container.querySelector('button[tabindex="0"]')?.setAttribute("tabindex", "-1");
  target?.setAttribute("tabindex", "0");
  target?.focus();
}
