/** What an engine would change about the machine it runs on, if it were let. */

import { readFile } from 'node:fs/promises';

import { attempt, run } from './run.js';

const FORWARDING = ['/proc/sys/net/ipv4/ip_forward', '/proc/sys/net/ipv6/conf/all/forwarding'];

/**
 * The machine's own interfaces, chains of rules and forwarding. Bridges and veth pairs of containers are left out: if
 * somebody else runs an engine here, they come and go.
 */
export async function machine() {
  const links = (await run(['ip', '-brief', 'link', 'show'])).split('\n').map((line) => line.split(/[\s@]/)[0] ?? '');
  const filters = await Promise.all(['iptables-save', 'ip6tables-save'].map((program) => attempt([program])));
  return {
    links: links.filter((name) => !/^(veth|br-)[0-9a-f]+$/.test(name)),
    chains: filters
      .flatMap(({ stdout }) => stdout.split('\n').filter((line) => /^[*:]/.test(line)))
      .map(withoutCounters),
    forwarding: await Promise.all(FORWARDING.map((path) => readFile(path, 'utf8').catch(() => ''))),
  };
}

/** @param {string} line */
const withoutCounters = (line) => line.replace(/ \[.*/, '');
