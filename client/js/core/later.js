/**
 * What a page needs later than its first part, and names in its element for that: it is fetched when asked for, after what matters
 * more.
 */

/**
 * Fetches it.
 * @param {HTMLTemplateElement} named
 * @returns {Promise<unknown>} When styles are there, or will not come.
 */
export function fetchLater(named) {
  const styles = /** @type {NodeListOf<HTMLLinkElement>} */ (named.content.querySelectorAll('link[rel=stylesheet]'));
  const settled = [...styles].map(
    (link) =>
      new Promise((settle) => {
        link.addEventListener('load', settle);
        link.addEventListener('error', settle);
      }),
  );
  document.head.append(named.content);
  return Promise.all(settled);
}
