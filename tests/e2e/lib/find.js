/** Finds elements by what people and their tools know them by: role, name and text. */

/**
 * What is looked for. Names match a part, whatever the case, unless `exact`.
 * @typedef {object} Query
 * @property {string} [role]
 * @property {string} [name]
 * @property {boolean} [exact]
 * @property {string} [hasText]
 * @property {string} [text] Instead of role and name: the innermost that say it, whatever the case.
 * @property {boolean} [visible]
 * @property {string} [css] Instead of role and name.
 * @property {Query} [within]
 * @property {Query[]} [either]
 * @property {Query} [first]
 */

/**
 * Runs in the page, so it stands alone.
 * @param {Query} wanted
 * @returns {Element[]}
 */
export function find(wanted) {
  /** @type {Record<string, string>} */
  const roles = {
    button: 'button',
    textbox: 'input:not([type]), input[type=text], textarea',
    checkbox: 'input[type=checkbox]',
    combobox: 'select',
    link: 'a[href]',
    heading: 'h1, h2, h3',
    status: 'output',
    region: 'section',
    list: 'ul, ol',
    listitem: 'li',
  };
  const words = (/** @type {string | null | undefined} */ text) => (text ?? '').replaceAll(/\s+/g, ' ').trim();
  const nameOf = (/** @type {Element} */ element) =>
    words(
      element.getAttribute('aria-label') ??
        document.getElementById(element.getAttribute('aria-labelledby') ?? '')?.innerText ??
        (element instanceof HTMLInputElement || element instanceof HTMLSelectElement
          ? element.labels?.[0]?.innerText
          : element.textContent),
    );
  /** @param {Element} element @param {string} text */
  const says = (element, text) => {
    const has = (/** @type {Element} */ one) => words(one.textContent).toLowerCase().includes(text.toLowerCase());
    return has(element) && ![...element.children].some(has);
  };
  /** @param {Element} element @param {Query} query */
  const fits = (element, { role, name, exact = false, hasText, text, visible }) => {
    if ((role || visible) && !element.checkVisibility({ visibilityProperty: true })) return false;
    if (text !== undefined && !says(element, text)) return false;
    if (hasText !== undefined && !words(element.textContent).includes(hasText)) return false;
    if (name === undefined) return true;
    const own = nameOf(element);
    return exact ? own === name : own.toLowerCase().includes(name.toLowerCase());
  };
  /** @param {Query} query @returns {Element[]} */
  const look = (query) => {
    if (query.first) return look(query.first).slice(0, 1);
    if (query.either) return query.either.flatMap(look);
    const css =
      query.css ??
      (query.text !== undefined
        ? 'body *'
        : [`[role=${query.role}]`, roles[query.role ?? '']].filter(Boolean).join(', '));
    const roots = query.within ? look(query.within) : [document];
    return roots.flatMap((root) => [...root.querySelectorAll(css)]).filter((element) => fits(element, query));
  };
  return look(wanted);
}
