/** What an engine would change about the machine it runs on, if it were let. */

import { readFile } from 'node:fs/promises';

import { attempt, run } from './run.js';

const FORWARDING = ['/proc/sys/net/ipv4/ip_forward', '/proc/sys/net/ipv6/conf/all/forwarding'];

/** The engine's own bridge, chains of rules, and forwarding. Other interfaces may be somebody else's. */
export async function machine() {
  const links = (await run(['ip', '-brief', 'link', 'show'])).split('\n').map((line) => line.split(/[\s@]/)[0] ?? '');
  const filters = await Promise.all(['iptables-save', 'ip6tables-save'].map((program) => attempt([program])));
  return {
    links: links.filter((name) => name.startsWith('docker')),
    chains: filters
      .flatMap(({ stdout }) => stdout.split('\n').filter((line) => /^[*:]/.test(line)))
      .map(withoutCounters),
    forwarding: await Promise.all(FORWARDING.map((path) => readFile(path, 'utf8').catch(() => ''))),
  };
}

/** @param {string} line */
const withoutCounters = (line) => line.replace(/ \[.*/, '');
