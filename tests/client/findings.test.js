/** What a page tells of a connection that does not stand: enough to find the cause, and no address. */

import assert from 'node:assert/strict';
import test, { mock } from 'node:test';

import { TroubleDesk } from '../../client/js/call/trouble.js';
import { EMPTY } from '../../client/js/call/room-state.js';
import { validateClientMessage } from '../../client/js/proto/validate.js';
import { countedOf, errorOf, gatheredOf } from '../../client/js/rtc/findings.js';
import { causeWords, codeWords } from '../../client/js/ui/health.js';

/** @import { Link } from '../../client/js/rtc/link.js' */

class Connection extends EventTarget {
  connectionState = 'connecting';
  iceConnectionState = 'checking';
  sctp = null;
  /** @type {object[]} */
  stats = [];
  async getStats() {
    return new Map(this.stats.map((one, index) => [index, one]));
  }
  /** @param {object} candidate */
  gather(candidate) {
    this.dispatchEvent(Object.assign(new Event('icecandidate'), { candidate }));
  }
}

const pair = { type: 'candidate-pair', state: 'succeeded', nominated: true, localCandidateId: 'l', bytesSent: 10 };

function desk() {
  const pc = new Connection();
  /** @type {any[]} */
  const said = [];
  const made = new TroubleDesk(
    (message) => said.push(message),
    () => ({ ...EMPTY, video: [{ slot: 0, since: 1 }] }),
  );
  made.use(/** @type {Link} */ (/** @type {unknown} */ ({ pc, answered: true })));
  return { pc, said, made };
}

test('what blocks a call is told once, without an address, until it got through', () => {
  const { pc, said, made } = desk();
  pc.gather({ type: 'host', protocol: 'udp', address: '192.168.1.7' });
  pc.gather({ type: 'host', protocol: 'udp', address: 'b5d2.local' });
  for (let n = 0; n < 20; n += 1) {
    const error = { errorCode: 400 + n, url: 'turn:turn.example.org:3478?transport=udp', address: '192.168.1.7' };
    pc.dispatchEvent(Object.assign(new Event('icecandidateerror'), error));
  }
  for (const path of /** @type {const} */ (['slow', 'blocked', 'blocked'])) made.fares(path);
  assert.equal(said.length, 1);
  assert.deepEqual(said[0].gathered, ['host-udp', 'hidden-udp']);
  assert.equal(said[0].errors.length, 8);
  assert.doesNotMatch(JSON.stringify(said), /192\.168|local|example/);
  const checked = validateClientMessage(said[0]);
  assert.ok(checked.ok, checked.ok ? '' : checked.reason);
  made.fares('open');
  made.fares('blocked');
  assert.equal(said.length, 2);
  made.use(null);
});

test('the first picture is told once, with the way it came', async () => {
  mock.timers.enable({ apis: ['setInterval'] });
  const { pc, said, made } = desk();
  pc.connectionState = 'connected';
  pc.stats = [pair, { id: 'l', type: 'local-candidate', candidateType: 'relay', protocol: 'udp' }];
  mock.timers.tick(2000);
  await new Promise(setImmediate);
  assert.deepEqual(said, []);
  pc.stats.push({ type: 'inbound-rtp', framesDecoded: 1 });
  for (let n = 0; n < 3; n += 1) {
    mock.timers.tick(2000);
    await new Promise(setImmediate);
  }
  assert.deepEqual(said, [{ type: 'shown', way: 'relay' }]);
  made.use(null);
  mock.timers.reset();
});

test('kinds of addresses and errors are told as the server reads them', () => {
  const base = { protocol: /** @type {const} */ ('udp'), address: '192.0.2.1' };
  assert.equal(gatheredOf({ ...base, type: 'srflx' }), 'outer-udp');
  assert.equal(gatheredOf({ ...base, type: 'relay', relayProtocol: 'tls' }), 'relay-tcp');
  assert.equal(gatheredOf({ ...base, type: 'prflx' }), null);
  const url = 'turns:turn.example.org';
  assert.deepEqual(errorOf({ errorCode: 401, url }), { code: 401, scheme: 'turns', transport: 'tcp' });
  assert.equal(errorOf({ errorCode: 701, url: '' }), null);
});

test('a browser that counts no checks does not say that none was answered', () => {
  assert.equal(countedOf([pair]).requests, undefined);
  const counted = countedOf([{ ...pair, requestsSent: 3, responsesReceived: 0 }]);
  assert.deepEqual([counted.requests, counted.responses], [3, 0]);
});

test('a cause that only a newer server knows is words all the same, and a code is read in halves', () => {
  assert.equal(causeWords('eclipse'), causeWords('udp-blocked'));
  assert.notEqual(causeWords('nothing-arrived'), causeWords('udp-blocked'));
  assert.equal(codeWords('7K3QX9PM'), '7K3Q-X9PM');
});
