/**
 * The network of the tests: namespaces joined by veth pairs, out of reach of everything else.
 *
 *     desk  198.51.100.2  ---.
 *     ann   198.51.100.6  ----  server  203.0.113.1, the containers' bridges behind it
 *     bob   198.51.100.10 ---'
 *
 * The addresses are of the ranges for documentation (RFC 5737), which relays rightly refuse: if media is relayed all the
 * same, it is because the address was allowed by name.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { attempt, run } from './run.js';

/** The server's address on the "internet". */
export const PUBLIC = '203.0.113.1';

/** Where the engine and its containers are. */
export const SERVER = 'plenary-server';

/** The one nobody blocks: the tests themselves run here. */
export const DESK = 'plenary-desk';

/** Two people's machines, each behind a firewall of its own. */
export const ANN = 'plenary-ann';
export const BOB = 'plenary-bob';

const CLIENTS = [DESK, ANN, BOB];

/** Every namespace of ours. */
export const NAMESPACES = [SERVER, ...CLIENTS];

/**
 * A command as it is run inside a namespace. `nsenter` changes the network and nothing else; `ip netns exec` would hide
 * the control groups, too, which an engine needs.
 * @param {string} namespace
 * @param {string[]} command
 */
export const inside = (namespace, command) => ['nsenter', `--net=/run/netns/${namespace}`, ...command];

/** @param {string} client */
const addressesOf = (client) => {
  const base = CLIENTS.indexOf(client) * 4;
  return { gateway: `198.51.100.${base + 1}`, own: `198.51.100.${base + 2}` };
};

/** The address of a client. @param {string} client */
export const addressOf = (client) => addressesOf(client).own;

/** The server's address at a client's wire. @param {string} client */
export const gatewayOf = (client) => addressesOf(client).gateway;

/** Makes the namespaces and joins them. */
export async function openNetwork() {
  for (const namespace of NAMESPACES) {
    await run(['ip', 'netns', 'add', namespace]);
    await run(inside(namespace, ['ip', 'link', 'set', 'lo', 'up']));
  }
  const server = (/** @type {string[]} */ ...command) => run(inside(SERVER, ['ip', ...command]));
  await server('address', 'add', `${PUBLIC}/32`, 'dev', 'lo');
  for (const client of CLIENTS) {
    const { gateway, own } = addressesOf(client);
    const end = client.replace('plenary-', 'to-');
    const away = (/** @type {string[]} */ ...command) => run(inside(client, ['ip', ...command]));
    // Made inside, so that the first namespace of the machine never sees it.
    await server('link', 'add', end, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', client);
    await server('address', 'add', `${gateway}/30`, 'dev', end);
    await server('link', 'set', end, 'up');
    await away('address', 'add', `${own}/30`, 'dev', 'eth0');
    await away('link', 'set', 'eth0', 'up');
    await away('route', 'add', 'default', 'via', gateway);
  }
  for (const client of CLIENTS) {
    const chain = fenceOf(client);
    await restore([`:${chain} - [0:0]`, `-A PREROUTING -i ${client.replace('plenary-', 'to-')} -j ${chain}`]);
  }
  // A server has a way to everywhere. What it sends there ends at a desk that forwards nothing.
  await server('route', 'add', 'default', 'via', addressesOf(DESK).own);
}

/**
 * What a strict firewall lets out of a client's network towards the server; everything else is dropped without a word.
 * @typedef {{ protocol: 'udp' | 'tcp', ports: string }} Opening
 */

/** The chain of rules for a client's packets. @param {string} client */
const fenceOf = (client) => client.replace('plenary-', 'fence-');

/**
 * Puts rules before everything the engine does with a packet. They are where the packets arrive and not where they are
 * sent: a sender would be told, and a firewall on the way tells nobody.
 * @param {string[]} rules
 */
async function restore(rules) {
  const input = ['*raw', ...rules, 'COMMIT', ''].join('\n');
  await run(inside(SERVER, ['iptables-restore', '--wait', '--noflush']), { input });
}

/**
 * Puts a client behind such a firewall, or behind another.
 * @param {string} client
 * @param {Opening[]} openings
 */
export async function fence(client, openings) {
  const chain = fenceOf(client);
  const lines = openings.map(({ protocol, ports }) => `-A ${chain} -p ${protocol} --dport ${ports} -j ACCEPT`);
  await restore([`:${chain} - [0:0]`, ...lines, `-A ${chain} -j DROP`]);
}

/** Takes the firewall away. @param {string} client */
export async function unfence(client) {
  await restore([`:${fenceOf(client)} - [0:0]`]);
}

/** Bob's address towards Ann, while he is behind a NAT. */
const TRANSLATED = '203.0.113.9';

/** What lets Bob reach Ann through a NAT that gives each of his connections a port of its own, and lets in what answers one and nothing else. */
const SYMMETRIC_NAT = [
  ['filter', 'FORWARD', '-i', 'to-bob', '-o', 'to-ann', '-j', 'ACCEPT'],
  ['filter', 'FORWARD', '-i', 'to-ann', '-o', 'to-bob', '-m', 'conntrack', '--ctstate', 'ESTABLISHED', '-j', 'ACCEPT'],
  ['nat', 'POSTROUTING', '-o', 'to-ann', '-p', 'udp', '-j', 'SNAT', '--to-source', TRANSLATED, '--random-fully'],
];

/** Bob is behind a symmetric NAT, through which there is a way from him to Ann, or there is none again. @param {boolean} open */
export async function translate(open) {
  await run(inside(SERVER, ['ip', 'address', open ? 'add' : 'delete', `${TRANSLATED}/32`, 'dev', 'lo']));
  for (const [table = '', chain = '', ...rule] of SYMMETRIC_NAT) {
    await run(inside(SERVER, ['iptables', '--wait', '--table', table, open ? '--insert' : '--delete', chain, ...rule]));
  }
}

/**
 * How many packets the firewall of a client has dropped.
 * @param {string} client
 * @returns {Promise<number>}
 */
export async function droppedBy(client) {
  const saved = await run(inside(SERVER, ['iptables-save', '--counters', '--table', 'raw']));
  return Number(new RegExp(`^\\[(\\d+):\\d+\\] -A ${fenceOf(client)} -j DROP`, 'm').exec(saved)?.[1] ?? 0);
}

/**
 * Another program in a namespace, that has a UDP port and keeps what it hears.
 * @param {string} namespace
 * @param {string} address
 * @param {number} port
 */
export async function listenOn(namespace, address, port) {
  const script = `const socket = require('dgram').createSocket('udp4');
    socket.on('message', (text) => console.log(String(text)));
    socket.bind(${port}, '${address}', () => console.log('listening'));`;
  return background(inside(namespace, [process.execPath, '--eval', script]));
}

/**
 * A program that goes on until it is closed; begun once it has said something.
 * @param {string[]} command
 */
export async function background([program = '', ...args]) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (text) => (said += text));
  await once(child.stdout, 'data');
  return { heard: () => said, close: () => void child.kill() };
}

/** Those of our namespaces that exist. */
export async function namespacesLeft() {
  const listed = await run(['ip', 'netns', 'list']);
  const names = listed.split('\n').map((line) => line.split(' ')[0] ?? '');
  return NAMESPACES.filter((namespace) => names.includes(namespace));
}

/**
 * The processes in a namespace: all of them are ours, because the namespace is.
 * @param {string} namespace
 */
export async function processesIn(namespace) {
  const { stdout } = await attempt(['ip', 'netns', 'pids', namespace]);
  return stdout.split('\n').filter(Boolean).map(Number);
}

/** Ends what runs in our namespaces, and takes these away with their interfaces and rules. */
export async function closeNetwork() {
  for (const namespace of await namespacesLeft()) {
    for (const pid of await processesIn(namespace)) {
      if (pid === process.pid) continue;
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself.
      }
    }
    await run(['ip', 'netns', 'delete', namespace]);
  }
}
