/**
 * Where the page is shown.
 */

/** A page of another site's is around it, perhaps: only what is clicked in here counts. */
export const framed = window !== window.parent;

/** It is the page for frames: without what the page around it has anyway. */
export const embedded = location.pathname.startsWith('/e/');

/** Whether it may take the focus: never from the page around it. */
export function takesFocus() {
  return !framed || document.hasFocus();
}
