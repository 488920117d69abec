/**
 * A list changes under somebody's hands: what has the focus keeps it, or something beside it has it.
 */

/**
 * @param {HTMLElement} place
 * @param {() => void} change
 * @param {(lost: HTMLElement) => HTMLElement | null} next What has the focus instead of something that is gone.
 */
export function keepFocus(place, change, next) {
  const there = place.ownerDocument;
  const before = there.activeElement;
  if (!(before instanceof HTMLElement) || !place.contains(before)) return change();
  change();
  // What is moved loses the focus, and what is hidden keeps it for a while.
  if (!isThere(before)) next(before)?.focus();
  else if (there.activeElement !== before) before.focus();
}

/**
 * Something next to what is gone.
 * @param {HTMLElement} list
 * @param {number} place Of the row that had the focus.
 * @param {HTMLElement | null} row It, perhaps without what had the focus.
 * @returns {HTMLElement | null} Null if there is nothing to press.
 */
export function besideIn(list, place, row) {
  const rows = [...list.children];
  const near = row?.isConnected ? row : rows[Math.min(place, rows.length - 1)];
  return [...(near?.querySelectorAll('button') ?? [])].find(isThere) ?? null;
}

/** @param {HTMLElement} element */
function isThere(element) {
  return element.isConnected && element.getClientRects().length > 0 && !element.matches(':disabled');
}
