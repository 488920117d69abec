/** Beside the devices: how loud, where it is played, and where to click. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { fullness } from '../../client/js/rtc/level.js';
import { browserOf } from '../../client/js/ui/permission-help.js';

test('a meter is empty in silence, full at the loudest, and shows a voice in between', () => {
  assert.equal(fullness(0), 0);
  assert.equal(fullness(NaN), 0);
  assert.equal(fullness(0.0001), 0);
  assert.equal(fullness(1), 1);
  assert.equal(fullness(2), 1);
  const voice = fullness(0.05);
  assert.ok(voice > 0.4 && voice < 0.7, `${voice}`);
});

test('who is refused reads where to click in their own browser', () => {
  const mozilla = 'Mozilla/5.0 (X11; Linux x86_64)';
  const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko)';
  const phone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)';
  for (const [agent, browser] of /** @type {const} */ ([
    [`${mozilla} ${webkit} Chrome/140.0.0.0 Safari/537.36`, 'chromium'],
    [`${mozilla} ${webkit} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0`, 'edge'],
    [`Mozilla/5.0 (Linux; Android 14) ${webkit} Chrome/140.0.0.0 Mobile Safari/537.36 EdgA/140.0.0.0`, 'edge'],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'firefox'],
    [`${phone} Version/18.0 Mobile/15E148 Safari/604.1`, 'safari'],
    [`${phone} CriOS/140.0 Mobile/15E148 Safari/604.1`, 'safari'],
    ['Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15', 'safari'],
    ['curl/8.0', 'other'],
  ])) {
    assert.equal(browserOf(agent), browser, agent);
  }
});
