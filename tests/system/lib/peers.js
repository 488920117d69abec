/** Where nobody may be relayed to, in every spelling that an address has. */

import { isIPv6 } from 'node:net';

import { PUBLIC } from './net.js';

/** @typedef {{ what: string, peers: string[] }} Range */

/** @type {Range[]} */
export const DENIED = [
  { what: 'this host', peers: ['0.0.0.0', '0.0.0.1', '::'] },
  { what: 'loopback', peers: ['127.0.0.1', '127.255.255.254', '::1', '::ffff:127.0.0.1', '::127.0.0.1'] },
  { what: 'private (RFC 1918)', peers: ['10.0.0.1', '10.255.255.254', '172.16.0.1', '172.31.255.254'] },
  { what: 'private (RFC 1918)', peers: ['192.168.0.1', '192.168.255.254', '::ffff:10.0.0.1', '::ffff:192.168.0.1'] },
  { what: "link-local, the cloud's metadata", peers: ['169.254.169.254', '::ffff:169.254.169.254', 'fe80::1'] },
  { what: 'carrier-grade NAT', peers: ['100.64.0.1', '100.127.255.254'] },
  { what: 'multicast', peers: ['224.0.0.1', '239.255.255.255', 'ff02::1', 'ff0e::1'] },
  { what: 'broadcast', peers: ['255.255.255.255', '::ffff:255.255.255.255'] },
  { what: 'benchmarks', peers: ['198.18.0.1', '198.19.255.254', '2001:2::1'] },
  { what: 'IETF assignments', peers: ['192.0.0.1', '192.0.0.170'] },
  { what: 'documentation', peers: ['192.0.2.1', '198.51.100.1', '203.0.113.2', '2001:db8::1'] },
  { what: 'reserved', peers: ['240.0.0.1', '250.1.2.3'] },
  { what: 'unique local', peers: ['fc00::1', 'fd00:ec2::254'] },
  { what: '6to4 of 127.0.0.1, of 10.0.0.1', peers: ['2002:7f00:1::', '2002:a00:1::'] },
  { what: 'NAT64 of 127.0.0.1, of 10.0.0.1', peers: ['64:ff9b::7f00:1', '64:ff9b:1::7f00:1', '64:ff9b::a00:1'] },
  { what: 'Teredo of 127.0.0.1', peers: ['2001::1', '2001:0:7f00:1::80ff:fffe'] },
  { what: 'translated, compatible', peers: ['::ffff:0:127.0.0.1', '::10.0.0.1'] },
  { what: 'the internet', peers: ['8.8.8.8', '1.1.1.1', '2606:4700:4700::1111'] },
  { what: "the server's address in the clothes of IPv6", peers: [`::${PUBLIC}`, `::ffff:0:${PUBLIC}`] },
];

/** The server's address as IPv4 in IPv6 (RFC 4291, 2.5.5.2). */
export const MAPPED = `::ffff:${PUBLIC}`;

/** Those that a relayed address of IPv6 could reach. */
export const OF_IPV6 = DENIED.map(({ what, peers }) => ({ what, peers: peers.filter((peer) => isIPv6(peer)) }));
