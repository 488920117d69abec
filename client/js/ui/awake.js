/**
 * The screen stays on during a call: whoever listens touches nothing.
 */

/** @returns {() => void} It may go off again. */
export function keepAwake() {
  /** @type {WakeLockSentinel | null} */
  let lock = null;
  let on = true;
  const ask = async () => {
    if (!on || document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return;
    try {
      const got = await navigator.wakeLock.request('screen');
      if (on) lock = got;
      else void got.release();
    } catch {
      // A device that saves its battery says no; the call goes on.
    }
  };
  // A page that is not seen loses it.
  document.addEventListener('visibilitychange', ask);
  void ask();
  return () => {
    on = false;
    document.removeEventListener('visibilitychange', ask);
    void lock?.release().catch(() => {});
  };
}
